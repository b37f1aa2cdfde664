// SPDX-License-Identifier: Apache-2.0
// CHECK: a broken invariant of our own. Prints file, line, both values and the streamed text, then
// aborts. Never for what a person, disk, peer or network can cause: that is a Status.
//
//   CHECK_EQ(rows, plan.rows()) << "lane " << lane;
#pragma once

#include <sstream>

namespace lockstep {

// Collects the message and aborts when destroyed. Made by the macros only.
class CheckFailure {
 public:
  CheckFailure(const char* file, int line, const char* condition);
  [[noreturn]] ~CheckFailure();
  CheckFailure(const CheckFailure&) = delete;
  CheckFailure& operator=(const CheckFailure&) = delete;

  template <typename T>
  CheckFailure& operator<<(const T& value) {
    stream_ << value;
    return *this;
  }

 private:
  std::ostringstream stream_;
};

}  // namespace lockstep

// The empty switch keeps a caller's `if (x) CHECK_EQ(a, b); else ...` unambiguous.
#define LOCKSTEP_CHECK_OP(a, b, op)                                   \
  switch (0)                                                          \
  case 0:                                                             \
  default:                                                            \
    if (const ::lockstep::CheckOperands check_operands{(a), (b)};     \
        check_operands.a op check_operands.b) [[likely]] {            \
    } else /* NOLINT */                                               \
      ::lockstep::CheckFailure(__FILE__, __LINE__, #a " " #op " " #b) \
          << " (" << check_operands.a << " vs " << check_operands.b << ") "

#define CHECK_EQ(a, b) LOCKSTEP_CHECK_OP(a, b, ==)
#define CHECK_NE(a, b) LOCKSTEP_CHECK_OP(a, b, !=)
#define CHECK_LT(a, b) LOCKSTEP_CHECK_OP(a, b, <)
#define CHECK_LE(a, b) LOCKSTEP_CHECK_OP(a, b, <=)
#define CHECK_GT(a, b) LOCKSTEP_CHECK_OP(a, b, >)
#define CHECK_GE(a, b) LOCKSTEP_CHECK_OP(a, b, >=)
