// SPDX-License-Identifier: Apache-2.0
// Transcendental functions with the same bits on every x86-64 machine: plain double arithmetic, no
// libm (whose results differ with the CPU's FMA), no fused multiply-add. Used by schedules,
// augmentation, normal deviates, and every reference kernel. Within 1 ulp of the true value on the
// domains stated; the float forms compute in double and round once.
#pragma once

namespace lockstep::math {

inline constexpr double kPi = 3.14159265358979323846;

double Exp(double x);            // e^x; +inf above 709.78, 0 below -745.13; NaN stays NaN
double Log(double x);            // natural logarithm; -inf at 0, NaN below
double Sin(double x);            // x in radians, |x| < 2^20; NaN outside
double Cos(double x);            // |x| < 2^20; NaN outside
double Tanh(double x);           // hyperbolic tangent, within 2 ulp
double Pow(double x, double y);  // x > 0, or x == 0 with y >= 0, or integer y up to 2^31
double Sqrt(double x);           // IEEE 754: exactly rounded by the hardware

}  // namespace lockstep::math
