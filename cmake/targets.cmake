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

# What nearly every source includes is parsed once for all of them: a quarter of a build. Not where gcc 12 optimises: it
# warns of what is no fault inside headers that were precompiled.
function(rha_precompiled name)
  file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/${name}.cc CONTENT "")
  add_library(${name} OBJECT ${CMAKE_BINARY_DIR}/${name}.cc)
  target_precompile_headers(${name} PRIVATE <algorithm> <charconv> <chrono> <functional> <map> <memory> <optional> <set>
    <string> <utility> <vector> ${ARGN})
endfunction()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  rha_precompiled(rha_precompiled)
  target_compile_options(rha_precompiled PRIVATE ${RHA_FUZZ_OPTIONS})
endif()
rha_precompiled(rha_precompiled_cold <gmock/gmock.h> <gtest/gtest.h>)
target_compile_options(rha_precompiled_cold PRIVATE -O0)
target_link_libraries(rha_precompiled_cold PRIVATE GTest::gmock)

# Tests, and under a sanitizer all that is seldom run (RHA_COLD of a folder), are compiled without optimisation: twice
# as fast.
function(rha_quick_to_build name)
  cmake_parse_arguments(arg "COLD" "" "" ${ARGN})
  if(arg_COLD OR RHA_COLD)
    target_precompile_headers(${name} REUSE_FROM rha_precompiled_cold)
    target_compile_options(${name} PRIVATE -O0)
    return()
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    target_precompile_headers(${name} REUSE_FROM rha_precompiled)
  endif()
  target_compile_options(${name} PRIVATE ${RHA_FUZZ_OPTIONS})
endfunction()

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
    rha_quick_to_build(${name})
    # What includes much and computes little is compiled several files at a time (RHA_UNITY of a folder): in half the time.
    set_target_properties(${name} PROPERTIES UNITY_BUILD "${RHA_UNITY}" UNITY_BUILD_BATCH_SIZE 6)
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
  rha_quick_to_build(${name} COLD)
  target_link_libraries(${name} PRIVATE ${arg_DEPS} GTest::gmock GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
