# SPDX-License-Identifier: Apache-2.0
# The checks of the tree as CTest cases, each beside a self-test that it finds a planted breach.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_program(LOCKSTEP_CLANG_FORMAT NAMES clang-format-14 clang-format)

function(lockstep_check name)
  add_test(NAME tree.${name} COMMAND ${Python3_EXECUTABLE} ${ARGN})
  set_tests_properties(tree.${name} PROPERTIES LABELS tree TIMEOUT 300)
endfunction()

set(root ${PROJECT_SOURCE_DIR})
set(commands ${PROJECT_BINARY_DIR}/compile_commands.json)
lockstep_check(layering ${root}/cmake/check_layering.py ${root})
lockstep_check(layering.self_test ${root}/cmake/check_layering.py --self-test)
lockstep_check(flags ${root}/cmake/check_flags.py ${commands})
lockstep_check(flags.self_test ${root}/cmake/check_flags.py --self-test)
lockstep_check(tests_are_built ${root}/cmake/check_tree.py tests ${root} ${commands})
lockstep_check(size ${root}/cmake/check_tree.py size ${root})
lockstep_check(head ${root}/cmake/check_tree.py head ${root})
lockstep_check(threads ${root}/cmake/check_tree.py threads ${root})
lockstep_check(links ${root}/cmake/check_tree.py links ${root})
if(LOCKSTEP_CLANG_FORMAT)
  lockstep_check(format ${root}/cmake/check_tree.py format ${root} ${LOCKSTEP_CLANG_FORMAT})
  lockstep_check(tree.self_test ${root}/cmake/check_tree.py --self-test ${LOCKSTEP_CLANG_FORMAT})
else()
  add_test(NAME tree.format COMMAND ${CMAKE_COMMAND} -E echo
    "skipped: clang-format is not installed (apt-get install clang-format)")
  set_tests_properties(tree.format PROPERTIES LABELS tree SKIP_REGULAR_EXPRESSION "skipped:")
endif()
