// SPDX-License-Identifier: Apache-2.0
// Method: fdlibm (Sun Microsystems, 1993; coefficients of the kernels are its published ones) for
// exp, log, sin and cos; Cody and Waite, "Software Manual for the Elementary Functions" (1980), as
// in Moshier's Cephes, for tanh; pow is exp(y log x) with the logarithm in double-double (Dekker
// 1971). Rounding to nearest is assumed; nothing here may be contracted or reassociated.
#include "base/math.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/exp_inline.h"

namespace lockstep::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// The nearest integer, |x| < 2^51; ties to even.
inline double RoundNearest(double x) {
  constexpr double kShift = 0x1.8p52;
  return (x + kShift) - kShift;
}

// 2^exponent, -1022 <= exponent <= 1023.
inline double PowerOfTwo(int64_t exponent) {
  return std::bit_cast<double>(static_cast<uint64_t>(exponent + 1023) << 52);
}

// An unevaluated sum of two doubles, |low| <= ulp(high) / 2.
struct DoubleDouble {
  double high = 0;
  double low = 0;
};

inline DoubleDouble TwoSum(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}

// |a| >= |b|, or a == 0.
inline DoubleDouble FastTwoSum(double a, double b) {
  const double sum = a + b;
  return {sum, b - (sum - a)};
}

// The exact product, by Veltkamp's split of each factor into halves of 26 bits.
inline DoubleDouble TwoProduct(double a, double b) {
  constexpr double kSplit = 0x1p27 + 1;
  const double a_high = kSplit * a - (kSplit * a - a);
  const double a_low = a - a_high;
  const double b_high = kSplit * b - (kSplit * b - b);
  const double b_low = b - b_high;
  const double product = a * b;
  return {product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low};
}

inline DoubleDouble Product(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble p = TwoProduct(a.high, b.high);
  return FastTwoSum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

inline DoubleDouble Sum(DoubleDouble a, DoubleDouble b) {
  const DoubleDouble s = TwoSum(a.high, b.high);
  return FastTwoSum(s.high, s.low + (a.low + b.low));
}

// y 2^n for y in [1/2, 2] and any n that exp can meet; the last product rounds a subnormal result.
inline double Scale(double y, double n) {
  const int64_t exponent = static_cast<int64_t>(n);
  const int64_t half = exponent / 2;
  return y * PowerOfTwo(half) * PowerOfTwo(exponent - half);
}

// exp(x + x_low) over the whole range, NaN and infinities included.
double ExpAnywhere(double x, double x_low) {
  if (std::isnan(x)) return x;
  if (x > 710.0) return kInfinity;
  if (x < -746.0) return 0.0;
  const ExpArgument a = ReduceExp(x, x_low);
  return Scale(ExpKernel(a.high, a.low), a.n);
}

// x = 2^exponent * mantissa, mantissa in [sqrt(1/2), sqrt(2)); x positive and finite.
struct Decomposed {
  double exponent;
  double mantissa;
};

inline Decomposed Decompose(double x) {
  int64_t exponent = 0;
  if (x < std::numeric_limits<double>::min()) {  // subnormal
    x *= 0x1p54;
    exponent = -54;
  }
  constexpr uint64_t kSqrtHalf = 0x3fe6a09e667f3bcd;
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  const int64_t shift = static_cast<int64_t>(bits - kSqrtHalf) >> 52;
  return {static_cast<double>(exponent + shift),
          std::bit_cast<double>(bits - (static_cast<uint64_t>(shift) << 52))};
}

// log(x) to about 2^-64 of itself: 2 atanh(s), s = (m - 1) / (m + 1), by its Taylor series, the
// first two terms in double-double. x positive and finite.
DoubleDouble LogDoubleDouble(double x) {
  const Decomposed d = Decompose(x);
  const double f = d.mantissa - 1.0;
  const DoubleDouble below = TwoSum(2.0, f);
  const double s_high = f / below.high;
  const DoubleDouble back = TwoProduct(s_high, below.high);
  const double s_low = (((f - back.high) - back.low) - s_high * below.low) / below.high;
  const DoubleDouble s = FastTwoSum(s_high, s_low);
  const DoubleDouble square = Product(s, s);

  double series = 0;
  for (int term = 27; term >= 5; term -= 2) series = series * square.high + 2.0 / term;
  const DoubleDouble kTwoThirds{0x1.5555555555555p-1, 0x1.5555555555555p-55};
  const DoubleDouble factor = Sum(kTwoThirds, {series * square.high, 0});
  const DoubleDouble rest = Product(Product(s, square), factor);
  const DoubleDouble mantissa_log = Sum({2.0 * s.high, 2.0 * s.low}, rest);
  return Sum(TwoSum(d.exponent * kLn2High, d.exponent * kLn2Low), mantissa_log);
}

bool IsOddInteger(double y) {
  const double magnitude = std::fabs(y);
  if (magnitude >= 0x1p53) return false;
  return magnitude == std::floor(magnitude) && (static_cast<int64_t>(magnitude) & 1) != 0;
}

bool IsInteger(double y) { return std::isinf(y) || y == std::floor(y); }

// x^y for x > 0, both finite or not, x != 1, y != 0.
double PowMagnitude(double x, double y) {
  if (x == 0 || std::isinf(x)) return (x == 0) == (y > 0) ? 0.0 : kInfinity;
  // Beyond 2^64 every power of a number that is not 1 has left the range.
  const double exponent = std::fabs(y) > 0x1p64 ? std::copysign(0x1p64, y) : y;
  const DoubleDouble log = LogDoubleDouble(x);
  const DoubleDouble product = TwoProduct(exponent, log.high);
  return ExpAnywhere(product.high, product.low + exponent * log.low);
}

// x - quadrant * pi / 2 as high + low, |high| <= pi / 4 and a little, |x| < 2^20.
struct Reduced {
  double high;
  double low;
  int64_t quadrant;  // only its last two bits matter
};

Reduced ReduceAngle(double x) {
  if (std::fabs(x) <= 0x1.921fb54442d18p-1) return {x, 0.0, 0};  // pi / 4; keeps -0
  // pi / 2 in pieces of 33 bits, so that quadrant * piece is exact, and the rest.
  constexpr double kPiece1 = 0x1.921fb544p+0;
  constexpr double kPiece2 = 0x1.0b4611a6p-34;
  constexpr double kPiece3 = 0x1.3198a2ep-69;
  constexpr double kPiece4 = 0x1.b839a252049c1p-104;
  constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;
  const double n = RoundNearest(x * kTwoOverPi);
  const DoubleDouble a = TwoSum(x - n * kPiece1, -(n * kPiece2));
  const DoubleDouble b = TwoSum(a.high, -(n * kPiece3));
  const DoubleDouble r = FastTwoSum(b.high, (a.low + b.low) - n * kPiece4);
  return {r.high, r.low, static_cast<int64_t>(n)};
}

// sin(x + low), |x| <= pi / 4 and a little: fdlibm k_sin.c.
double SinKernel(double x, double low) {
  constexpr double kS1 = -0x1.5555555555549p-3;
  constexpr double kS2 = 0x1.111111110f8a6p-7;
  constexpr double kS3 = -0x1.a01a019c161d5p-13;
  constexpr double kS4 = 0x1.71de357b1fe7dp-19;
  constexpr double kS5 = -0x1.ae5e68a2b9cebp-26;
  constexpr double kS6 = 0x1.5d93a5acfd57cp-33;
  const double z = x * x;
  const double v = z * x;
  const double r = kS2 + z * (kS3 + z * (kS4 + z * (kS5 + z * kS6)));
  return x - ((z * (0.5 * low - v * r) - low) - v * kS1);
}

// cos(x + low), |x| <= pi / 4 and a little: fdlibm k_cos.c.
double CosKernel(double x, double low) {
  constexpr double kC1 = 0x1.555555555554cp-5;
  constexpr double kC2 = -0x1.6c16c16c15177p-10;
  constexpr double kC3 = 0x1.a01a019cb1590p-16;
  constexpr double kC4 = -0x1.27e4f809c52adp-22;
  constexpr double kC5 = 0x1.1ee9ebdb4b1c4p-29;
  constexpr double kC6 = -0x1.8fae9be8838d4p-37;
  const double z = x * x;
  const double r = z * (kC1 + z * (kC2 + z * (kC3 + z * (kC4 + z * (kC5 + z * kC6)))));
  const double half = 0.5 * z;
  const double w = 1.0 - half;
  return w + (((1.0 - w) - half) + (z * r - x * low));
}

// sin(x + quadrants * pi / 2).
double SinOfQuadrant(double x, int64_t quadrants) {
  if (!(std::fabs(x) < 0x1p20)) return kNaN;
  const Reduced r = ReduceAngle(x);
  const int64_t quadrant = (r.quadrant + quadrants) & 3;
  const double value = (quadrant & 1) != 0 ? CosKernel(r.high, r.low) : SinKernel(r.high, r.low);
  return (quadrant & 2) != 0 ? -value : value;
}

}  // namespace

double Exp(double x) {
  if (!(std::fabs(x) < 708.0)) [[unlikely]] {
    return ExpAnywhere(x, 0.0);
  }
  return ExpWithoutBranches(x);
}

// fdlibm e_log.c: log(1 + f) = f - (f^2 / 2 - s (f^2 / 2 + R(s))), s = f / (2 + f).
double Log(double x) {
  if (!(x > 0) || x == kInfinity) [[unlikely]] {
    return x == 0 ? -kInfinity : x > 0 ? x : kNaN;
  }
  constexpr double kL1 = 0x1.5555555555593p-1;
  constexpr double kL2 = 0x1.999999997fa04p-2;
  constexpr double kL3 = 0x1.2492494229359p-2;
  constexpr double kL4 = 0x1.c71c51d8e78afp-3;
  constexpr double kL5 = 0x1.7466496cb03dep-3;
  constexpr double kL6 = 0x1.39a09d078c69fp-3;
  constexpr double kL7 = 0x1.2f112df3e5244p-3;
  const Decomposed d = Decompose(x);
  const double f = d.mantissa - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  const double w = z * z;
  const double even = w * (kL2 + w * (kL4 + w * kL6));
  const double odd = z * (kL1 + w * (kL3 + w * (kL5 + w * kL7)));
  const double half_square = 0.5 * f * f;
  const double correction = s * (half_square + (even + odd)) + d.exponent * kLn2Low;
  return d.exponent * kLn2High - ((half_square - correction) - f);
}

double Sin(double x) { return SinOfQuadrant(x, 0); }
double Cos(double x) { return SinOfQuadrant(x, 1); }

double Tanh(double x) {
  const double a = std::fabs(x);
  if (a < 0.625) {
    constexpr double kP0 = -0x1.edc5baafd6f4bp-1;   // -0.964399179425052238628
    constexpr double kP1 = -0x1.8d26a0e26682dp+6;   // -99.2877231001918586564
    constexpr double kP2 = -0x1.93ac030580563p+10;  // -1614.68768441708447952
    constexpr double kQ0 = 0x1.c33f28a581b86p+6;    // 112.811678491632931402
    constexpr double kQ1 = 0x1.176fa0e5535fap+11;   // 2235.48839060100448583
    constexpr double kQ2 = 0x1.2ec102442040cp+12;   // 4844.06305325125486048
    const double z = a * a;
    const double p = (kP0 * z + kP1) * z + kP2;
    const double q = ((z + kQ0) * z + kQ1) * z + kQ2;
    return std::copysign(a + a * (z * p / q), x);
  }
  if (!(a < 22.0)) return std::isnan(x) ? x : std::copysign(1.0, x);
  return std::copysign(1.0 - 2.0 / (Exp(2.0 * a) + 1.0), x);
}

double Pow(double x, double y) {
  if (y == 0 || x == 1) return 1.0;
  if (std::isnan(x) || std::isnan(y)) return kNaN;
  if (x == -1 && std::isinf(y)) return 1.0;
  const bool negative = std::signbit(x);
  if (x < 0 && std::isfinite(x) && !IsInteger(y)) return kNaN;
  if (std::isinf(y)) return (std::fabs(x) > 1) == (y > 0) ? kInfinity : 0.0;
  const double magnitude = std::fabs(x) == 1 ? 1.0 : PowMagnitude(std::fabs(x), y);
  return negative && IsOddInteger(y) ? -magnitude : magnitude;
}

double Sqrt(double x) { return std::sqrt(x); }

}  // namespace lockstep::math
