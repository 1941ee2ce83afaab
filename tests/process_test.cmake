# Tests that start processes are Python scripts; they find the binaries through RHA_BIN_DIR.
#   rha_process_test(NAME script.py [LABELS label...] [TIMEOUT seconds] [ENVIRONMENT NAME=value...])
function(rha_process_test name script)
  cmake_parse_arguments(arg "" "TIMEOUT" "LABELS;ENVIRONMENT" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 180)
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS process)
  endif()
  add_test(NAME ${name} COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/${script} -v)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}"
    SKIP_REGULAR_EXPRESSION "OK \\(skipped="
    ENVIRONMENT "RHA_BIN_DIR=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};PYTHONPATH=${CMAKE_SOURCE_DIR};PYTHONDONTWRITEBYTECODE=1;${arg_ENVIRONMENT}")
endfunction()
