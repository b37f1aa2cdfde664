# SPDX-License-Identifier: Apache-2.0
# lockstep_folder(NAME [DEPS ...] [TEST_DEPS ...] [SOURCES ...] [EXCLUDE REGEX] [SHARDS N]): the sources of
# this folder and below become the static library lockstep_NAME; its *_test.cc files become the program
# NAME_tests, run by CTest one case at a time under the label NAME, or `slow` if "Slow" is in the case's
# name. main.cc, *_main.cc and *_plugin.cc belong to programs and plugins and are left out; *_fuzz.cc
# become programs of their own where LOCKSTEP_FUZZ is on. SHARDS is for folders of very many quick
# cases: with a sanitizer, which makes the start of a process dear, CTest runs the program N times,
# each time an Nth of the cases.
set(LOCKSTEP_FUZZ OFF CACHE BOOL "Build the fuzz targets (clang only)")
set(LOCKSTEP_FUZZ_SECONDS 20 CACHE STRING "How long CTest runs each fuzz target")
set(LOCKSTEP_PRECOMPILED OFF CACHE BOOL "Read the standard headers once for each library or program")

function(lockstep_precompile target) # HEADER...
  if(LOCKSTEP_PRECOMPILED)
    list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/cmake/)
    target_precompile_headers(${target} PRIVATE ${ARGN})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      target_compile_options(${target} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")  # for ccache
    endif()
  endif()
endfunction()

function(lockstep_folder name)
  cmake_parse_arguments(ARG "" "EXCLUDE;SHARDS" "DEPS;TEST_DEPS;SOURCES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|_main|_plugin|/main)\\.cc$")

  if(ARG_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX ${ARG_EXCLUDE})
  endif()

  add_library(lockstep_${name} STATIC ${sources} ${ARG_SOURCES})
  target_include_directories(lockstep_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(lockstep_${name} PUBLIC ${ARG_DEPS})
  if(name IN_LIST LOCKSTEP_DEBUG_OPTIMISED)
    target_compile_options(lockstep_${name} PRIVATE $<$<CONFIG:Debug>:-O1>)
  endif()
  lockstep_precompile(lockstep_${name} precompiled.h)

  if(BUILD_TESTING AND tests)
    add_executable(${name}_tests ${tests})
    target_link_libraries(${name}_tests PRIVATE lockstep_${name} ${ARG_TEST_DEPS}
      GTest::gtest GTest::gmock GTest::gtest_main)
    target_compile_options(${name}_tests PRIVATE $<$<CONFIG:Release>:-O1>)  # tests are run once
    lockstep_precompile(${name}_tests precompiled.h precompiled_tests.h)
    # Tests run from the top of the tree: what they read of it, they name relative to it.
    target_compile_definitions(${name}_tests PRIVATE LOCKSTEP_SOURCE_DIR=".")
    if(ARG_SHARDS AND LOCKSTEP_SANITIZE)
      foreach(shard RANGE 1 ${ARG_SHARDS})
        math(EXPR index "${shard} - 1")
        add_test(NAME ${name}_tests.${shard}_of_${ARG_SHARDS} COMMAND ${name}_tests --gtest_filter=-*Slow*
          WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
        set_tests_properties(${name}_tests.${shard}_of_${ARG_SHARDS} PROPERTIES LABELS ${name} TIMEOUT 1200
          ENVIRONMENT "GTEST_TOTAL_SHARDS=${ARG_SHARDS};GTEST_SHARD_INDEX=${index}")
      endforeach()
    else()
      gtest_discover_tests(${name}_tests DISCOVERY_MODE PRE_TEST TEST_FILTER "-*Slow*"
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} PROPERTIES TIMEOUT 600 LABELS ${name})
    endif()
    gtest_discover_tests(${name}_tests DISCOVERY_MODE PRE_TEST TEST_FILTER "*Slow*"
      WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} PROPERTIES TIMEOUT 1200 LABELS slow)
  endif()
  if(LOCKSTEP_FUZZ AND fuzzers)
    target_compile_options(lockstep_${name} PRIVATE -fsanitize=fuzzer-no-link)
    lockstep_fuzzers(${name} ${fuzzers})
  elseif(BUILD_TESTING AND fuzzers)  # no program, but what does not compile is seen in every build
    add_library(lockstep_${name}_fuzzers OBJECT ${fuzzers})
    target_link_libraries(lockstep_${name}_fuzzers PRIVATE lockstep_${name})
  endif()
endfunction()

# One libFuzzer program a file, x_fuzz.cc -> x_fuzz, and a CTest case that runs it for a while. It
# starts from the files of the folder x_fuzz_corpus beside it, where there is one.
function(lockstep_fuzzers name)
  foreach(file ${ARGN})
    get_filename_component(fuzzer ${file} NAME_WE)
    get_filename_component(folder ${file} DIRECTORY)
    add_executable(${fuzzer} ${file})
    target_link_libraries(${fuzzer} PRIVATE lockstep_${name})
    target_compile_options(${fuzzer} PRIVATE -fsanitize=fuzzer-no-link)
    target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
    set(corpus ${CMAKE_CURRENT_BINARY_DIR}/${fuzzer}_found)  # what it finds goes to the first folder
    file(MAKE_DIRECTORY ${corpus})
    if(EXISTS ${folder}/${fuzzer}_corpus)
      list(APPEND corpus ${folder}/${fuzzer}_corpus)
    endif()
    add_test(NAME fuzz.${fuzzer} COMMAND ${fuzzer} -max_total_time=${LOCKSTEP_FUZZ_SECONDS} -seed=1
      -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
      -artifact_prefix=${CMAKE_CURRENT_BINARY_DIR}/ ${corpus})
    set_tests_properties(fuzz.${fuzzer} PROPERTIES LABELS "fuzz;${name}" TIMEOUT 300)
  endforeach()
endfunction()
