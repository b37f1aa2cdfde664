// SPDX-License-Identifier: Apache-2.0
#include "base/math.h"
#include <cmath>
namespace lockstep::math {
double Exp(double x) { return std::exp(x); }
double Log(double x) { return std::log(x); }
double Sin(double x) { return std::sin(x); }
double Cos(double x) { return std::cos(x); }
double Tanh(double x) { return std::tanh(x); }
double Pow(double x, double y) { return std::pow(x, y); }
double Sqrt(double x) { return std::sqrt(x); }
}  // namespace lockstep::math
