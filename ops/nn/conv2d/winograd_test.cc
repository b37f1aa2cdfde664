// SPDX-License-Identifier: Apache-2.0
// Transforms of small integers are exact, so results must equal the formula to the bit: a check of
// every index that needs no tolerance.
#include "ops/nn/conv2d/winograd.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "base/philox.h"

namespace lockstep::ops::conv2d {
namespace {

using Floats = std::vector<float>;

Floats Integers(int64_t count, int64_t salt) {
  Floats values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>((static_cast<int64_t>(i) * 37 + salt) % 11 - 5);
  }
  return values;
}

Floats Normal(int64_t count, const std::string& path) {
  const PhiloxKey key = StreamKey(1, "winograd_test", path);
  Floats values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i) {
    const PhiloxCounter words = Philox4x32({static_cast<uint32_t>(i), 0, 0, 0}, key);
    values[i] = static_cast<float>(NormalFromWords(words[0], words[1]));
  }
  return values;
}

struct Case {
  int64_t n, h, w, channels, columns, padding_h, padding_w;
  int64_t dilation_h = 1, dilation_w = 1;
};

// Calls f(y index, x index, w index) for every product inside the image.
template <typename F>
void ForEachProduct(const Winograd& c, F f) {
  for (int64_t i = 0; i < c.n * c.p * c.q * c.columns; ++i) {
    const int64_t k = i % c.columns, q = i / c.columns % c.q, p = i / c.columns / c.q % c.p;
    const int64_t n = i / c.columns / c.q / c.p;
    for (int64_t tap = 0; tap < 9; ++tap) {
      const int64_t h = p - c.padding_h + tap / 3 * c.dilation_h;
      const int64_t w = q - c.padding_w + tap % 3 * c.dilation_w;
      if (h < 0 || h >= c.h || w < 0 || w >= c.w) continue;
      for (int64_t j = 0; j < c.channels; ++j) {
        f(static_cast<size_t>(i), static_cast<size_t>(((n * c.h + h) * c.w + w) * c.channels + j),
          static_cast<size_t>((k * 9 + tap) * c.channels + j));
      }
    }
  }
}

constexpr float kNever = 1e30f;  // shows in any result it takes part in

class Workspace {
 public:
  explicit Workspace(int64_t floats) : floats_(static_cast<size_t>(floats), kNever) {}
  float* data() { return floats_.data(); }

 private:
  Floats floats_;
};

class WinogradTest : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!RunsWinograd(HostCpuIsa())) GTEST_SKIP() << "needs AVX2";
  }
  // The convolution of this case for each instruction set of the machine and some thread counts.
  template <typename F>
  void ForEachWay(F f) {
    const Case& c = GetParam();
    for (const CpuIsa isa : {CpuIsa::kAvx2, CpuIsa::kAvx512}) {
      if (isa > HostCpuIsa()) break;
      for (const int32_t threads : {1, 2, 3, 5}) {
        SCOPED_TRACE(std::string(NameOf(isa)) + ", threads " + std::to_string(threads));
        f(Winograd{c.n, c.h, c.w, c.channels, c.h + 2 * c.padding_h - 2 * c.dilation_h,
                   c.w + 2 * c.padding_w - 2 * c.dilation_w, c.columns, c.padding_h, c.padding_w,
                   isa, threads, c.dilation_h, c.dilation_w});
      }
    }
  }
  static int64_t XSize(const Winograd& c) { return c.n * c.h * c.w * c.channels; }
  static int64_t YSize(const Winograd& c) { return c.n * c.p * c.q * c.columns; }
  static int64_t WSize(const Winograd& c) { return c.columns * 9 * c.channels; }
};

TEST_P(WinogradTest, ForwardIsExact) {
  ForEachWay([](const Winograd& c) {
    const Floats x = Integers(XSize(c), 1), w = Integers(WSize(c), 3), b = Integers(c.columns, 7);
    Floats plain(static_cast<size_t>(YSize(c))), expected = plain, y(plain.size(), kNever);
    ForEachProduct(c, [&](size_t yi, size_t xi, size_t wi) { plain[yi] += x[xi] * w[wi]; });
    Workspace windows(WinogradWindowFloats(c)), workspace(WinogradConvolveFloats(c));
    TransformWindows(c, w.data(), windows.data());
    WinogradConvolve(c, x.data(), windows.data(), {}, workspace.data(), y.data());
    EXPECT_EQ(y, plain);
    WinogradConvolve(c, x.data(), windows.data(), {b.data(), true}, workspace.data(), y.data());
    for (size_t i = 0; i < expected.size(); ++i) {
      expected[i] = std::max(0.0f, plain[i] + b[i % b.size()]);
    }
    EXPECT_EQ(y, expected);
  });
}

TEST_P(WinogradTest, DataGradIsExact) {
  ForEachWay([](const Winograd& c) {
    const Floats dy = Integers(YSize(c), 5), w = Integers(WSize(c), 3);
    Floats expected(static_cast<size_t>(XSize(c))), dx(expected.size(), kNever);
    ForEachProduct(c, [&](size_t yi, size_t xi, size_t wi) { expected[xi] += dy[yi] * w[wi]; });
    Winograd back = c;
    back.h = c.p, back.w = c.q, back.channels = c.columns;
    back.p = c.h, back.q = c.w, back.columns = c.channels;
    back.padding_h = 2 * c.dilation_h - c.padding_h;
    back.padding_w = 2 * c.dilation_w - c.padding_w;
    Workspace windows(WinogradWindowFloats(back)), workspace(WinogradConvolveFloats(back));
    TransformTurnedWindows(back, w.data(), windows.data());
    WinogradConvolve(back, dy.data(), windows.data(), {}, workspace.data(), dx.data());
    EXPECT_EQ(dx, expected);
  });
}

TEST_P(WinogradTest, WeightGradIsExact) {
  ForEachWay([](const Winograd& c) {
    const Floats x = Integers(XSize(c), 1), dy = Integers(YSize(c), 5);
    Floats expected(static_cast<size_t>(WSize(c))), dw(expected.size(), kNever);
    ForEachProduct(c, [&](size_t yi, size_t xi, size_t wi) { expected[wi] += dy[yi] * x[xi]; });
    Workspace workspace(WinogradWeightGradFloats(c));
    WinogradWeightGrad(c, x.data(), dy.data(), workspace.data(), dw.data());
    EXPECT_EQ(dw, expected);
  });
}

INSTANTIATE_TEST_SUITE_P(Shapes, WinogradTest,
                         ::testing::Values(Case{2, 6, 8, 3, 5, 1, 1},    // few channels
                                           Case{1, 7, 5, 16, 70, 1, 1},  // odd; two panels
                                           Case{3, 5, 9, 65, 64, 0, 1},  // a channel over
                                           Case{2, 4, 3, 32, 33, 2, 0},  // one column of tiles
                                           Case{1, 1, 1, 7, 9, 1, 1},    // one pixel
                                           Case{1, 3, 3, 4, 4, 0, 0},    // one output
                                           Case{2, 19, 21, 8, 130, 1,
                                                2},                      // several blocks of tiles
                                           Case{0, 4, 4, 8, 8, 1, 1}));  // no image

INSTANTIATE_TEST_SUITE_P(Dilated, WinogradTest,
                         ::testing::Values(Case{2, 8, 8, 6, 10, 2, 2, 2, 2},    // whole tiles
                                           Case{1, 16, 16, 5, 9, 4, 4, 4, 4},   // of a segmenter
                                           Case{2, 7, 9, 4, 70, 2, 3, 2, 3},    // odd rests
                                           Case{1, 5, 4, 3, 7, 6, 6, 6, 6},     // beyond the image
                                           Case{1, 9, 6, 65, 5, 0, 2, 1, 2},    // one axis alone
                                           Case{1, 7, 8, 4, 4, 1, 0, 3, 3},     // little padding
                                           Case{1, 3, 11, 8, 130, 8, 5, 4, 5},  // much of it
                                           Case{0, 4, 4, 8, 8, 2, 2, 2, 2}));   // no image

// Whatever lies outside an output's window changes no bit of it: neither a huge number nor a NaN.
TEST(WinogradTest, AnOutputSeesItsWindowAlone) {
  if (!RunsWinograd(HostCpuIsa())) GTEST_SKIP() << "needs AVX2";
  const Winograd c = {1, 8, 8, 16, 8, 8, 16, 1, 1, HostCpuIsa(), 1};
  const Floats x = Normal(8 * 8 * 16, "x"), w = Normal(16 * 9 * 16, "w");
  Workspace windows(WinogradWindowFloats(c)), workspace(WinogradConvolveFloats(c));
  TransformWindows(c, w.data(), windows.data());
  Floats before(x.size());
  WinogradConvolve(c, x.data(), windows.data(), {}, workspace.data(), before.data());
  for (const float odd : {1e30f, std::numeric_limits<float>::quiet_NaN()}) {
    for (int64_t pixel = 0; pixel < 64; ++pixel) {
      Floats other = x, y(x.size());
      other[static_cast<size_t>(pixel * 16 + 5)] = odd;
      WinogradConvolve(c, other.data(), windows.data(), {}, workspace.data(), y.data());
      for (int64_t i = 0; i < 64 * 16; ++i) {
        const int64_t rows = i / 16 / 8 - pixel / 8, columns = i / 16 % 8 - pixel % 8;
        const bool sees = std::abs(rows) <= 1 && std::abs(columns) <= 1;
        EXPECT_EQ(y[static_cast<size_t>(i)] == before[static_cast<size_t>(i)], !sees)
            << "pixel " << pixel << ", output " << i;
      }
    }
  }
}

// The root mean square error of a forward convolution of random numbers is below that of one chain
// of fused multiply-adds an output, in increasing (tap, channel).
TEST(WinogradTest, RoundsNoWorseThanADirectSum) {
  if (!RunsWinograd(HostCpuIsa())) GTEST_SKIP() << "needs AVX2";
  const Winograd c = {1, 8, 8, 64, 8, 8, 64, 1, 1, HostCpuIsa(), 1};
  const Floats x = Normal(8 * 8 * 64, "x"), w = Normal(64 * 9 * 64, "w");
  Floats direct(8 * 8 * 64), y = direct;
  std::vector<double> exact(direct.size());
  ForEachProduct(c, [&](size_t yi, size_t xi, size_t wi) {
    direct[yi] = std::fma(x[xi], w[wi], direct[yi]);
    exact[yi] += static_cast<double>(x[xi]) * static_cast<double>(w[wi]);
  });
  Workspace windows(WinogradWindowFloats(c)), workspace(WinogradConvolveFloats(c));
  TransformWindows(c, w.data(), windows.data());
  WinogradConvolve(c, x.data(), windows.data(), {}, workspace.data(), y.data());
  const auto squares = [&](const Floats& values) {
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      const double error = static_cast<double>(values[i]) - exact[i];
      sum += error * error;
    }
    return sum;
  };
  EXPECT_GT(squares(y), 0.0);
  EXPECT_LT(squares(y), squares(direct));
}

}  // namespace
}  // namespace lockstep::ops::conv2d
