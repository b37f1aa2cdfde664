# SPDX-License-Identifier: Apache-2.0
# lockstep_folder(NAME DEPS ...): the sources of this folder and below become the static library
# lockstep_NAME; its *_test.cc files become the program NAME_tests, run by CTest one case at a time.
# main.cc and *_main.cc belong to programs and are left out.
function(lockstep_folder name)
  cmake_parse_arguments(ARG "" "" "DEPS;TEST_DEPS;SOURCES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|_main|/main)\\.cc$")

  add_library(lockstep_${name} STATIC ${sources} ${ARG_SOURCES})
  target_include_directories(lockstep_${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(lockstep_${name} PUBLIC ${ARG_DEPS})

  if(BUILD_TESTING AND tests)
    add_executable(${name}_tests ${tests})
    target_link_libraries(${name}_tests PRIVATE lockstep_${name} ${ARG_TEST_DEPS}
      GTest::gtest GTest::gmock GTest::gtest_main)
    target_compile_definitions(${name}_tests PRIVATE
      LOCKSTEP_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    gtest_discover_tests(${name}_tests DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 600)
  endif()
endfunction()
