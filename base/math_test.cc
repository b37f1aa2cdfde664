// SPDX-License-Identifier: Apache-2.0
// Known answers (base/testdata/math_answers.py prints the tables), edge cases, and one hash over
// 10,000 results a function: equal in every preset, with every compiler, on every machine.
#include "base/math.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/hash.h"
#include "base/philox.h"

namespace lockstep::math {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Answer {
  double x;
  double y;  // second argument of Pow
  double result;
};

constexpr Answer kExpAnswers[] = {
    {0x1.0000000000000p+0, 0x0.0p+0, 0x1.5bf0a8b145769p+1},
    {-0x1.0000000000000p+0, 0x0.0p+0, 0x1.78b56362cef38p-2},
    {0x1.0000000000000p-1, 0x0.0p+0, 0x1.a61298e1e069cp+0},
    {-0x1.62e42fefa39eep-2, 0x0.0p+0, 0x1.6a09e667f3bcdp-1},
    {0x1.0000000000000p-30, 0x0.0p+0, 0x1.0000000400000p+0},
    {0x1.4333333333333p+3, 0x0.0p+0, 0x1.7c5c09a68d572p+14},
    {-0x1.2d9999999999ap+5, 0x0.0p+0, 0x1.86d47300a1b65p-55},
    {0x1.5e20000000000p+9, 0x0.0p+0, 0x1.2fd8e4cbfa413p+1010},
    {0x1.62d999999999ap+9, 0x0.0p+0, 0x1.d75ae7a50ee14p+1023},
    {-0x1.6240000000000p+9, 0x0.0p+0, 0x0.e6cf6d08897acp-1022},
    {-0x1.7200000000000p+9, 0x0.0p+0, 0x0.0000000000055p-1022},
    {-0x1.748cccccccccdp+9, 0x0.0p+0, 0x0.0000000000001p-1022},
};
constexpr Answer kLogAnswers[] = {
    {0x1.0000000000000p+1, 0x0.0p+0, 0x1.62e42fefa39efp-1},
    {0x1.0000000000000p-1, 0x0.0p+0, -0x1.62e42fefa39efp-1},
    {0x1.4000000000000p+3, 0x0.0p+0, 0x1.26bb1bbb55516p+1},
    {0x1.0000000000001p+0, 0x0.0p+0, 0x1.fffffffffffffp-53},
    {0x1.fffffffffffffp-1, 0x0.0p+0, -0x1.0000000000000p-53},
    {0x1.6a09e667f3bccp-1, 0x0.0p+0, -0x1.62e42fefa39f1p-2},
    {0x1.6a09e667f3bcdp+0, 0x0.0p+0, 0x1.62e42fefa39f0p-2},
    {0x0.03739a252b281p-1022, 0x0.0p+0, -0x1.6459f44103e87p+9},
    {0x0.0000000000001p-1022, 0x0.0p+0, -0x1.74385446d71c3p+9},
    {0x1.fffffffffffffp+1023, 0x0.0p+0, 0x1.62e42fefa39efp+9},
    {0x1.0000000000000p-25, 0x0.0p+0, -0x1.1542457337d43p+4},
};
constexpr Answer kSinAnswers[] = {
    {0x1.0000000000000p-1, 0x0.0p+0, 0x1.eaee8744b05f0p-2},
    {-0x1.921fb54442d1ep-1, 0x0.0p+0, -0x1.6a09e667f3bd1p-1},
    {0x1.0000000000000p+0, 0x0.0p+0, 0x1.aed548f090ceep-1},
    {0x1.921fb54442d18p+0, 0x0.0p+0, 0x1.0000000000000p+0},
    {0x1.921fb54442d18p+1, 0x0.0p+0, 0x1.1a62633145c07p-53},
    {0x1.921fb54442d18p+2, 0x0.0p+0, -0x1.1a62633145c07p-52},
    {-0x1.9100000000000p+6, 0x0.0p+0, 0x1.1bf00980dc35cp-2},
    {0x1.81cd6c8b43958p+13, 0x0.0p+0, -0x1.687d5890974a5p-1},
    {0x1.fffffcccccccdp+19, 0x0.0p+0, 0x1.e07fa13370afbp-3},
    {0x1.0000000000000p-40, 0x0.0p+0, 0x1.0000000000000p-40},
};
constexpr Answer kCosAnswers[] = {
    {0x1.0000000000000p-1, 0x0.0p+0, 0x1.c1528065b7d50p-1},
    {-0x1.921fb54442d1ep-1, 0x0.0p+0, 0x1.6a09e667f3bc9p-1},
    {0x1.0000000000000p+0, 0x0.0p+0, 0x1.14a280fb5068cp-1},
    {0x1.921fb54442d18p+0, 0x0.0p+0, 0x1.1a62633145c07p-54},
    {0x1.921fb54442d18p+1, 0x0.0p+0, -0x1.0000000000000p+0},
    {0x1.2d97c7f3321d2p+2, 0x0.0p+0, -0x1.a79394c9e8a0ap-53},
    {-0x1.9100000000000p+6, 0x0.0p+0, 0x1.ebec72ba6b0ecp-1},
    {0x1.81cd6c8b43958p+13, 0x0.0p+0, 0x1.6b94c3bbe24b8p-1},
    {0x1.fffffcccccccdp+19, 0x0.0p+0, 0x1.f1b57557c0355p-1},
    {0x1.0000000000000p-40, 0x0.0p+0, 0x1.0000000000000p+0},
};
constexpr Answer kTanhAnswers[] = {
    {0x1.0000000000000p-40, 0x0.0p+0, 0x1.0000000000000p-40},
    {0x1.999999999999ap-4, 0x0.0p+0, 0x1.983d7795f413ap-4},
    {-0x1.0000000000000p-1, 0x0.0p+0, -0x1.d9353d7568af3p-2},
    {0x1.3ffffffffffffp-1, 0x0.0p+0, 0x1.1bf47eabb8f95p-1},
    {0x1.4000000000000p-1, 0x0.0p+0, 0x1.1bf47eabb8f95p-1},
    {0x1.0000000000000p+0, 0x0.0p+0, 0x1.85efab514f394p-1},
    {-0x1.4000000000000p+1, 0x0.0p+0, -0x1.f9258260a71c2p-1},
    {0x1.c000000000000p+2, 0x0.0p+0, 0x1.ffffc832750f2p-1},
    {0x1.2e66666666666p+4, 0x0.0p+0, 0x1.fffffffffffffp-1},
    {0x1.5e66666666666p+4, 0x0.0p+0, 0x1.0000000000000p+0},
};
constexpr Answer kPowAnswers[] = {
    {0x1.ccccccccccccdp-1, 0x1.0000000000000p+0, 0x1.ccccccccccccdp-1},
    {0x1.ccccccccccccdp-1, 0x1.4000000000000p+3, 0x1.650bf60432fd9p-2},
    {0x1.ff7ced916872bp-1, 0x1.d4c0000000000p+14, 0x1.9f26c51b2531dp-44},
    {0x1.999999999999ap-4, 0x1.8000000000000p+1, 0x1.0624dd2f1a9fdp-10},
    {0x1.4000000000000p+3, -0x1.8000000000000p+1, 0x1.0624dd2f1a9fcp-10},
    {0x1.0000000000000p+1, 0x1.0000000000000p-1, 0x1.6a09e667f3bcdp+0},
    {0x1.8000000000000p+0, 0x1.f420000000000p+9, 0x1.140a9f7ab5eefp+585},
    {0x1.3333333333333p-2, -0x1.f4c0000000000p+8, 0x1.b945634a43b2cp+869},
    {0x1.0000000000001p+0, 0x1.0000000000000p+55, 0x1.749ea7d470c68p+11},
    {0x0.0000000000001p-1022, 0x1.0000000000000p-1, 0x1.0000000000000p-537},
    {-0x1.8000000000000p+1, 0x1.4000000000000p+2, -0x1.e600000000000p+7},
    {-0x1.8000000000000p+1, -0x1.0000000000000p+2, 0x1.948b0fcd6e9e0p-7},
    {0x1.d000000000000p+2, -0x1.7300000000000p+8, 0x0.0000000003397p-1022},
};

// Doubles of one sign lie in the order of their bits, one ulp apart.
int64_t UlpsBetween(double a, double b) {
  if (a == b) return 0;
  if (std::signbit(a) != std::signbit(b)) return std::numeric_limits<int64_t>::max();
  return std::abs(std::bit_cast<int64_t>(a) - std::bit_cast<int64_t>(b));
}

template <size_t N, typename F>
void ExpectWithin(int64_t ulps, const Answer (&answers)[N], F f) {
  for (const Answer& answer : answers) {
    const double got = f(answer.x, answer.y);
    EXPECT_LE(UlpsBetween(got, answer.result), ulps)
        << std::hexfloat << "argument " << answer.x << ", " << answer.y << ": " << got
        << ", expected " << answer.result;
  }
}

TEST(MathTest, KnownAnswersWithinOneUlp) {
  ExpectWithin(1, kExpAnswers, [](double x, double) { return Exp(x); });
  ExpectWithin(1, kLogAnswers, [](double x, double) { return Log(x); });
  ExpectWithin(1, kSinAnswers, [](double x, double) { return Sin(x); });
  ExpectWithin(1, kCosAnswers, [](double x, double) { return Cos(x); });
  ExpectWithin(1, kPowAnswers, [](double x, double y) { return Pow(x, y); });
}

TEST(MathTest, TanhWithinTwoUlps) {
  ExpectWithin(2, kTanhAnswers, [](double x, double) { return Tanh(x); });
}

TEST(MathTest, ExpAtTheEndsOfItsRange) {
  EXPECT_EQ(Exp(0.0), 1.0);
  EXPECT_EQ(Exp(-0.0), 1.0);
  EXPECT_TRUE(std::isfinite(Exp(709.78)));
  EXPECT_EQ(Exp(709.79), kInfinity);
  EXPECT_GT(Exp(-745.13), 0.0);
  EXPECT_EQ(Exp(-745.14), 0.0);
  EXPECT_EQ(Exp(1e300), kInfinity);
  EXPECT_EQ(Exp(-1e300), 0.0);
  EXPECT_EQ(Exp(kInfinity), kInfinity);
  EXPECT_EQ(Exp(-kInfinity), 0.0);
  EXPECT_TRUE(std::isnan(Exp(kNaN)));
}

TEST(MathTest, LogAtTheEndsOfItsRange) {
  EXPECT_EQ(Log(1.0), 0.0);
  EXPECT_EQ(Log(0.0), -kInfinity);
  EXPECT_EQ(Log(-0.0), -kInfinity);
  EXPECT_EQ(Log(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(Log(-1.0)));
  EXPECT_TRUE(std::isnan(Log(kNaN)));
}

TEST(MathTest, SinAndCosOfZeroAndOutsideTheirDomain) {
  EXPECT_EQ(Sin(0.0), 0.0);
  EXPECT_TRUE(std::signbit(Sin(-0.0)));
  EXPECT_EQ(Cos(0.0), 1.0);
  for (double x : {0x1p20, -0x1p20, 1e300, kInfinity, kNaN}) {
    EXPECT_TRUE(std::isnan(Sin(x))) << x;
    EXPECT_TRUE(std::isnan(Cos(x))) << x;
  }
}

TEST(MathTest, TanhIsOddAndSaturates) {
  EXPECT_EQ(Tanh(0.0), 0.0);
  EXPECT_TRUE(std::signbit(Tanh(-0.0)));
  for (double x : {1e-9, 0.3, 0.7, 5.0, 21.0, 1e9}) EXPECT_EQ(Tanh(-x), -Tanh(x)) << x;
  EXPECT_EQ(Tanh(22.0), 1.0);
  EXPECT_EQ(Tanh(kInfinity), 1.0);
  EXPECT_EQ(Tanh(-kInfinity), -1.0);
  EXPECT_TRUE(std::isnan(Tanh(kNaN)));
}

TEST(MathTest, PowSpecialCasesAreThoseOfIeee754) {
  EXPECT_EQ(Pow(kNaN, 0.0), 1.0);
  EXPECT_EQ(Pow(1.0, kNaN), 1.0);
  EXPECT_TRUE(std::isnan(Pow(kNaN, 1.0)));
  EXPECT_TRUE(std::isnan(Pow(2.0, kNaN)));
  EXPECT_TRUE(std::isnan(Pow(-2.0, 0.5)));
  EXPECT_EQ(Pow(0.0, 0.0), 1.0);
  EXPECT_EQ(Pow(0.0, 2.0), 0.0);
  EXPECT_TRUE(std::signbit(Pow(-0.0, 3.0)));
  EXPECT_EQ(Pow(0.0, -1.0), kInfinity);
  EXPECT_EQ(Pow(-0.0, -1.0), -kInfinity);
  EXPECT_EQ(Pow(-1.0, kInfinity), 1.0);
  EXPECT_EQ(Pow(-1.0, 3.0), -1.0);
  EXPECT_EQ(Pow(2.0, kInfinity), kInfinity);
  EXPECT_EQ(Pow(0.5, kInfinity), 0.0);
  EXPECT_EQ(Pow(0.5, -kInfinity), kInfinity);
  EXPECT_EQ(Pow(kInfinity, -1.0), 0.0);
  EXPECT_EQ(Pow(-kInfinity, 3.0), -kInfinity);
  EXPECT_EQ(Pow(2.0, 1024.0), kInfinity);
  EXPECT_EQ(Pow(2.0, -1080.0), 0.0);
  EXPECT_EQ(Pow(0.9999999999999999, 1e300), 0.0);
}

TEST(MathTest, PowersOfTwoAreExact) {
  for (int k = -1074; k <= 1023; ++k) EXPECT_EQ(Pow(2.0, k), std::ldexp(1.0, k)) << k;
}

TEST(MathTest, SqrtIsExactlyRounded) {
  EXPECT_EQ(Sqrt(2.0), 0x1.6a09e667f3bcdp+0);
  EXPECT_EQ(Sqrt(0.0), 0.0);
  EXPECT_TRUE(std::isnan(Sqrt(-1.0)));
}

// Hash of the bits of f over 10,000 arguments spread over [low, high) with every bit in play.
template <typename F>
std::string HashOfSweep(double low, double high, F f) {
  Hasher hasher;
  for (uint32_t i = 0; i < 10000; ++i) {
    const PhiloxCounter word = Philox4x32({i, 0, 0, 0}, {1, 2});
    const double u =
        (static_cast<double>(word[0]) * 0x1p32 + static_cast<double>(word[1])) * 0x1p-64;
    const double v = static_cast<double>(word[2]) * 0x1p-32;
    hasher.UpdateU64(std::bit_cast<uint64_t>(f(low + (high - low) * u, v)));
  }
  return Hex64(hasher.Digest64());
}

TEST(MathTest, TenThousandResultsAFunctionHaveTheBitsTheyAlwaysHad) {
  EXPECT_EQ(HashOfSweep(-745, 710, [](double x, double) { return Exp(x); }), "86d68e29eaec8591");
  EXPECT_EQ(HashOfSweep(-2, 2, [](double x, double) { return Exp(x); }), "8a43889ec778d578");
  EXPECT_EQ(HashOfSweep(0, 4, [](double x, double) { return Log(x); }), "17c1cfde4e575a06");
  EXPECT_EQ(HashOfSweep(-1000, 1000, [](double x, double) { return Sin(x); }), "9066420ea2e16c7a");
  EXPECT_EQ(HashOfSweep(-1000, 1000, [](double x, double) { return Cos(x); }), "7542803a14b06e8d");
  EXPECT_EQ(HashOfSweep(-4, 4, [](double x, double) { return Tanh(x); }), "047ef2965255bc9e");
  EXPECT_EQ(HashOfSweep(0, 4, [](double x, double v) { return Pow(x, 200 * v - 100); }),
            "33f434f26da974ab");
}

}  // namespace
}  // namespace lockstep::math
