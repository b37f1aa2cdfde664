# SPDX-License-Identifier: Apache-2.0
# Compiler, linker and flags. -ffp-contract=off and the absence of any fast-math are part of the
# definition of a run's bits; cmake/check_flags.py reads every command line and fails on a breach.
find_program(LOCKSTEP_CCACHE ccache)
if(LOCKSTEP_CCACHE)
  # Paths inside the tree count relative to it, so that two checkouts share what is compiled.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}
    CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${LOCKSTEP_CCACHE})
endif()
find_program(LOCKSTEP_MOLD mold)
if(LOCKSTEP_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-ffp-contract=off -fno-omit-frame-pointer
  -Wall -Wextra -Werror -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-restrict)  # false positives on std::string (GCC bug 105651)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wthread-safety -Wno-pass-failed)  # -O1 leaves loops as they are
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O3")
# Debug builds optimise only the folders that compute (lockstep_folder): with the sanitizers, a file
# compiles in half the time where it is not optimised.
set(CMAKE_CXX_FLAGS_DEBUG "-g1")
set(LOCKSTEP_DEBUG_OPTIMISED base ops)
