// SPDX-License-Identifier: Apache-2.0
// Small integers make every sum exact, so the kernels must equal the formula to the bit, whatever
// the order: a check of every index that needs no tolerance.
#include "ops/nn/conv2d/conv2d.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/core/testing/eager_emitter.h"
#include "ops/core/testing/reference_run.h"
#include "ops/nn/conv2d/conv2d_geometry.h"

namespace lockstep::ops {
namespace {

using conv2d::Geometry;

template <typename T>
std::vector<T> Integers(const Shape& shape, int64_t salt) {
  std::vector<T> values(static_cast<size_t>(shape.elements()));
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<T>((static_cast<int64_t>(i) * 37 + salt) % 11 - 5);
  }
  return values;
}

// Calls f(y index, x index, w index) for every product inside the image, from the formula in the
// header.
template <typename F>
void ForEachProduct(const Geometry& g, F f) {
  const Shape y = g.y();
  for (int64_t i = 0; i < y.elements(); ++i) {
    const int64_t k = i % g.k, q = i / g.k % g.q, p = i / g.k / g.q % g.p, n = i / g.k / g.q / g.p;
    for (int64_t j = 0; j < g.taps(); ++j) {
      const int64_t c = j % g.group_c(), s = j / g.group_c() % g.s, r = j / g.group_c() / g.s;
      const int64_t h = p * g.window_h.stride - g.window_h.padding + r * g.window_h.dilation;
      const int64_t w = q * g.window_w.stride - g.window_w.padding + s * g.window_w.dilation;
      if (h < 0 || h >= g.h || w < 0 || w >= g.w) continue;
      const int64_t channel = k / g.group_k() * g.group_c() + c;
      f(i, ((n * g.h + h) * g.w + w) * g.c + channel, k * g.taps() + j);
    }
  }
}

template <typename T>
void ExpectExact(const Sample& sample) {
  const Shape x_shape = sample.in[0].type.shape, w_shape = sample.in[1].type.shape;
  const Conv2dAttrs attrs = *Unpack<Conv2dAttrs>(sample.attrs);
  const Geometry g = *conv2d::MakeGeometry(attrs, x_shape, w_shape);
  const auto x = Integers<T>(x_shape, 1), w = Integers<T>(w_shape, 3), dy = Integers<T>(g.y(), 5);
  std::vector<T> y(dy.size()), dx(x.size()), dw(w.size());
  ForEachProduct(g, [&](int64_t yi, int64_t xi, int64_t wi) {
    const size_t a = static_cast<size_t>(yi), b = static_cast<size_t>(xi);
    const size_t c = static_cast<size_t>(wi);
    y[a] += x[b] * w[c];
    dx[b] += dy[a] * w[c];
    dw[c] += dy[a] * x[b];
  });
  ReferenceRun forward("conv2d", sample.attrs);
  ASSERT_EQ(forward.In(x_shape, x).In(w_shape, w).Run().ToString(), "ok");
  EXPECT_EQ(forward.Out<T>(0), y);
  ReferenceRun data("conv2d_data_grad", Pack(Conv2dDataGradAttrs{attrs, g.h, g.w}));
  ASSERT_EQ(data.In(g.y(), dy).In(w_shape, w).Run().ToString(), "ok");
  EXPECT_EQ(data.OutShape(0), x_shape);
  EXPECT_EQ(data.Out<T>(0), dx);
  ReferenceRun weight("conv2d_weight_grad", Pack(Conv2dWeightGradAttrs{attrs, g.r, g.s}));
  ASSERT_EQ(weight.In(x_shape, x).In(g.y(), dy).Run().ToString(), "ok");
  EXPECT_EQ(weight.OutShape(0), w_shape);
  EXPECT_EQ(weight.Out<T>(0), dw);
}

TEST(Conv2d, EqualsTheFormulaToTheBitOnIntegers) {
  for (const Sample& sample : OpRegistry::Global().Find("conv2d")->samples) {
    SCOPED_TRACE(sample.name);
    ExpectExact<float>(sample);
    ExpectExact<double>(sample);
  }
}

std::string InferMessage(const Conv2dAttrs& attrs, const Shape& x, const Shape& w) {
  const TensorType in[] = {{DType::kFloat32, x}, {DType::kFloat32, w}};
  return OpRegistry::Global().Find("conv2d")->infer(Pack(attrs), in).status().message();
}

TEST(Conv2d, SaysWhatIsImpossible) {
  EXPECT_EQ(InferMessage({}, {1, 5, 8, 3}, {4, 7, 3, 3}),
            "height: a kernel of 7 with dilation 1 spans 7 pixels, more than the 5 of the input (5 "
            "and 0 of padding on each side); use a smaller kernel or more padding");
  EXPECT_EQ(
      InferMessage({}, {1, 5, 5, 3}, {4, 3, 3, 2}),
      "w of shape [4,3,3,2] takes 2 channels a group; x of shape [1,5,5,3] in 1 groups has 3");
  EXPECT_EQ(InferMessage({.stride_w = 0}, {1, 5, 5, 3}, {4, 3, 3, 3}),
            "width: the stride is 0; expected 1 to 1073741824");
  EXPECT_EQ(InferMessage({.groups = 2}, {1, 5, 5, 3}, {4, 3, 3, 1}),
            "groups is 2, which does not divide the 3 channels of x");
  EXPECT_EQ(InferMessage({.groups = 0}, {1, 5, 5, 3}, {4, 3, 3, 1}),
            "groups is 0; expected at least 1");
  const int64_t huge = int64_t{1} << 30;
  EXPECT_NE(InferMessage({}, {huge, huge, huge, 8}, {8, 1, 1, 8}), "");
}

Value Row(EagerEmitter* e, const Shape& shape, const std::vector<double>& values) {
  GuardedTensor tensor({DType::kFloat64, shape});
  for (size_t i = 0; i < values.size(); ++i) tensor.Set(static_cast<int64_t>(i), values[i]);
  return e->Input(std::move(tensor));
}

TEST(ConvTranspose2d, AddsTheWindowOfEachPixelAtItsStride) {
  EagerEmitter e;
  const Value x = Row(&e, {1, 1, 2, 1}, {2, 3}), w = Row(&e, {1, 1, 3, 1}, {1, 10, 100});
  const Value y = ConvTranspose2d(&e, x, w, {.stride_h = 2, .stride_w = 2});
  const Value more = ConvTranspose2d(&e, x, w, {.stride_h = 2, .stride_w = 2}, 1);
  ASSERT_TRUE(e.status().ok()) << e.status();
  EXPECT_THAT(e.Get(y).Values(), testing::ElementsAre(2, 20, 203, 30, 300));
  EXPECT_EQ(e.TypeOf(more).shape, (Shape{1, 2, 6, 1}));
}

}  // namespace
}  // namespace lockstep::ops
