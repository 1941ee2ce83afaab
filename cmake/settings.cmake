# Language level, warnings, sanitizers and the two optional accelerators of a build: ccache and mold.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()

set(RHA_SANITIZE "" CACHE STRING "Sanitizers: empty, 'address,undefined' or 'thread'")

add_compile_options(-Wall -Wextra -Werror -Wno-missing-field-initializers -fno-omit-frame-pointer)
include_directories(${CMAKE_SOURCE_DIR})
add_compile_definitions(RHA_VERSION="${PROJECT_VERSION}")

# ThreadSanitizer has nothing to find in tests that run on one thread.
set(RHA_TEST_ONE_THREAD ON)
if(RHA_SANITIZE STREQUAL "thread")
  set(RHA_TEST_ONE_THREAD OFF)
  add_compile_definitions(RHA_TSAN)
elseif(RHA_SANITIZE)
  add_compile_definitions(RHA_ASAN)
endif()

if(RHA_SANITIZE)
  # gcc 12 takes members of variants for uninitialised once sanitizers have added their branches.
  add_compile_options(-fsanitize=${RHA_SANITIZE} -fno-sanitize-recover=all
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  # Null pointers and objects that are too small are what AddressSanitizer catches anyway; checking each access twice
  # costs a fifth of the build.
  add_compile_options(-fno-sanitize=null,object-size)
  add_link_options(-fsanitize=${RHA_SANITIZE})
  set(RHA_SANITIZER_OPTIONS ${CMAKE_SOURCE_DIR}/cmake/sanitizer_options.cc)
endif()

option(RHA_FUZZ "Instrument for libFuzzer (clang only)" OFF)
if(RHA_FUZZ)
  set(RHA_FUZZ_OPTIONS -fsanitize=fuzzer-no-link)
endif()

find_program(RHA_CCACHE ccache)
if(RHA_CCACHE)
  # What it asks for where headers are precompiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${RHA_CCACHE})
  add_compile_options($<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>)
endif()

find_program(RHA_MOLD mold)
if(RHA_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
