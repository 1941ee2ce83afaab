# The three kinds of target. Sources are found by name, so adding a file touches no list:
#   x.h x.cc      belong to the folder's library
#   x_test.cc     belongs to the folder's unit test
#   main.cc       is a program's entry
#
#   rha_library(NAME DEPS lib...)                 static library of this folder and, where there are *_test.cc, NAME_test
#     FOLDERS sub...                              its sources lie in these subfolders too
#     THREADS                                     its unit test starts threads: it runs under ThreadSanitizer too
#   rha_program(NAME OUTPUT binary DEPS lib...)   program from main.cc of this folder
#   rha_test(NAME SOURCES file... DEPS lib... [LABELS label...] [TIMEOUT seconds])
include(GoogleTest)

function(rha_library name)
  cmake_parse_arguments(arg "THREADS" "" "DEPS;FOLDERS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  foreach(folder ${arg_FOLDERS})
    file(GLOB more CONFIGURE_DEPENDS ${folder}/*.cc)
    list(APPEND sources ${more})
  endforeach()
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC ${arg_DEPS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE ${arg_DEPS})
  endif()
  if(tests AND (arg_THREADS OR RHA_TEST_ONE_THREAD))
    rha_test(${name}_test SOURCES ${tests} DEPS ${name})
  endif()
endfunction()

function(rha_program name)
  cmake_parse_arguments(arg "" "OUTPUT" "DEPS" ${ARGN})
  add_executable(${name} main.cc ${RHA_SANITIZER_OPTIONS})
  set_target_properties(${name} PROPERTIES OUTPUT_NAME ${arg_OUTPUT})
  target_link_libraries(${name} PRIVATE ${arg_DEPS})
endfunction()

function(rha_test name)
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  add_executable(${name} ${arg_SOURCES} ${RHA_SANITIZER_OPTIONS})
  target_link_libraries(${name} PRIVATE ${arg_DEPS} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
