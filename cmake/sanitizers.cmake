# SPDX-License-Identifier: Apache-2.0
# LOCKSTEP_SANITIZE: a list for -fsanitize, "address,undefined" or "thread"; empty for none.
set(LOCKSTEP_SANITIZE "" CACHE STRING "Sanitizers to build with")
if(LOCKSTEP_SANITIZE)
  add_compile_options(-fsanitize=${LOCKSTEP_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LOCKSTEP_SANITIZE})
endif()
if(LOCKSTEP_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "LOCKSTEP_FUZZ needs clang (libFuzzer): use the preset asan")
  endif()
endif()
