// SPDX-License-Identifier: Apache-2.0
// The exponential of math.h without branches and always inlined, so that a loop over it becomes
// vectors of whatever instruction set the loop is compiled for. The bits are those of math::Exp.
//
// Method: fdlibm e_exp.c (Sun Microsystems, 1993; its published coefficients).
#pragma once

#include <bit>
#include <cstdint>

namespace lockstep::math {

inline constexpr double kLn2High = 0x1.62e42fefp-1;  // 33 bits: exact times an exponent
inline constexpr double kLn2Low = 0x1.473de6af278edp-34;

// An argument of exp as n ln 2 + (high - low), |high - low| <= ln(2) / 2, n an integer; 2^n where
// -1022 <= n <= 1023.
struct ExpArgument {
  double n;
  double high;
  double low;
  double power;
};

[[gnu::always_inline]] inline ExpArgument ReduceExp(double x, double x_low) {
  constexpr double kInvLn2 = 0x1.71547652b82fep+0;
  constexpr double kRound = 0x1.8p52;  // the sum's last bits are the nearest integer
  const double shifted = x * kInvLn2 + kRound;
  const double n = shifted - kRound;
  const uint64_t power = (std::bit_cast<uint64_t>(shifted) + 1023) << 52;
  return {n, x - n * kLn2High, n * kLn2Low - x_low, std::bit_cast<double>(power)};
}

// exp(high - low): 1 + r + r c / (2 - c), c an even polynomial subtracted from r.
[[gnu::always_inline]] inline double ExpKernel(double high, double low) {
  constexpr double kP1 = 0x1.555555555553ep-3;
  constexpr double kP2 = -0x1.6c16c16bebd93p-9;
  constexpr double kP3 = 0x1.1566aaf25de2cp-14;
  constexpr double kP4 = -0x1.bbd41c5d26bf1p-20;
  constexpr double kP5 = 0x1.6376972bea4d0p-25;
  const double r = high - low;
  const double t = r * r;
  const double c = r - t * (kP1 + t * (kP2 + t * (kP3 + t * (kP4 + t * kP5))));
  return 1.0 - ((low - (r * c) / (2.0 - c)) - high);
}

// math::Exp(x) where |x| < 708, NaN where x is NaN.
[[gnu::always_inline]] inline double ExpWithoutBranches(double x) {
  const ExpArgument a = ReduceExp(x, 0.0);
  return ExpKernel(a.high, a.low) * a.power;
}

}  // namespace lockstep::math
