// SPDX-License-Identifier: Apache-2.0
#include "ops/math/matmul/matmul.h"

#include <gtest/gtest.h>

#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

// Small integers make every sum exact: the kernel must equal the formula to the bit.
template <typename T>
void ExpectExact(const Sample& sample) {
  const auto [ta, tb] = *Unpack<MatMulAttrs>(sample.attrs);
  const Shape a_shape = sample.in[0].type.shape, b_shape = sample.in[1].type.shape;
  const int64_t m = a_shape[ta ? 1 : 0], k = a_shape[ta ? 0 : 1], n = b_shape[tb ? 0 : 1];
  std::vector<T> a(static_cast<size_t>(m * k)), b(static_cast<size_t>(k * n));
  for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<T>(i * 37 % 11) - 5;
  for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<T>(i * 53 % 13) - 6;
  std::vector<T> y;
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      T sum = 0;
      for (int64_t d = 0; d < k; ++d) {
        sum += a[static_cast<size_t>(ta ? d * m + i : i * k + d)] *
               b[static_cast<size_t>(tb ? j * k + d : d * n + j)];
      }
      y.push_back(sum);
    }
  }
  ReferenceRun run("matmul", sample.attrs);
  ASSERT_EQ(run.In(a_shape, a).In(b_shape, b).Run().ToString(), "ok");
  EXPECT_EQ(run.OutShape(0), (Shape{m, n}));
  EXPECT_EQ(run.Out<T>(0), y);
}

TEST(MatMul, EqualsTheFormulaToTheBitOnIntegers) {
  for (const Sample& sample : OpRegistry::Global().Find("matmul")->samples) {
    SCOPED_TRACE(sample.name);
    ExpectExact<float>(sample);
    ExpectExact<double>(sample);
  }
}

// 2^24 + 1 is no float: adding 1 to 2^24 again and again changes nothing, in any other order or
// with more accumulators the sum would be larger.
TEST(MatMul, AddsInIncreasingDepth) {
  std::vector<float> a(9, 1.0f), b(9, 1.0f);
  a[0] = 0x1p24f;
  ReferenceRun run("matmul", Pack(MatMulAttrs{}));
  ASSERT_EQ(run.In<float>({1, 9}, a).In<float>({9, 1}, b).Run().ToString(), "ok");
  EXPECT_EQ(run.Out<float>(0)[0], 0x1p24f);
}

TEST(MatMul, NamesInnerDimensionsThatDiffer) {
  const TensorType in[] = {{DType::kFloat32, {3, 4}}, {DType::kFloat32, {5, 6}}};
  const Status status =
      OpRegistry::Global().Find("matmul")->infer(Pack(MatMulAttrs{}), in).status();
  EXPECT_EQ(status.message(),
            "a is f32[3,4] and b is f32[5,6]; expected equal inner dimensions, got 4 and 5 with "
            "attributes {transpose_a=false, transpose_b=false}");
}

}  // namespace
}  // namespace lockstep::ops
