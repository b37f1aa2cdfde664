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

// The two sides of a CHECK_EQ and its kin, each evaluated once; a temporary lives as long as this.
template <typename A, typename B>
struct CheckOperands {
  const A& left;
  const B& right;
};
template <typename A, typename B>
CheckOperands(const A&, const B&) -> CheckOperands<A, B>;

}  // namespace lockstep

// The empty switch keeps a caller's `if (x) CHECK(y); else ...` unambiguous.
#define CHECK(condition)                           \
  switch (0)                                       \
  case 0:                                          \
  default:                                         \
    if (static_cast<bool>(condition)) [[likely]] { \
    } else /* NOLINT */                            \
      ::lockstep::CheckFailure(__FILE__, __LINE__, #condition) << " "

#define LOCKSTEP_CHECK_OP(a, b, op)                                   \
  switch (0)                                                          \
  case 0:                                                             \
  default:                                                            \
    if (const ::lockstep::CheckOperands check_operands{(a), (b)};     \
        check_operands.left op check_operands.right) [[likely]] {     \
    } else /* NOLINT */                                               \
      ::lockstep::CheckFailure(__FILE__, __LINE__, #a " " #op " " #b) \
          << " (" << check_operands.left << " vs " << check_operands.right << ") "

#define CHECK_EQ(a, b) LOCKSTEP_CHECK_OP(a, b, ==)
#define CHECK_NE(a, b) LOCKSTEP_CHECK_OP(a, b, !=)
#define CHECK_LT(a, b) LOCKSTEP_CHECK_OP(a, b, <)
#define CHECK_LE(a, b) LOCKSTEP_CHECK_OP(a, b, <=)
#define CHECK_GT(a, b) LOCKSTEP_CHECK_OP(a, b, >)
#define CHECK_GE(a, b) LOCKSTEP_CHECK_OP(a, b, >=)
