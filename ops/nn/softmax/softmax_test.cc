// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/softmax/softmax.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/core/testing/kernels_agree.h"
#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

using ::testing::ElementsAre;

TEST(Softmax, OfLogitsOfAnySizeIsFinite) {
  ReferenceRun run("softmax");
  ASSERT_EQ(run.In<float>({2, 2}, {1e30f, -1e30f, 3, 3}).Run().ToString(), "ok");
  EXPECT_THAT(run.Out<float>(0), ElementsAre(1, 0, 0.5, 0.5));
}

TEST(Softmax, ANaNMakesItsRowNaNAndNoOther) {
  ReferenceRun run("softmax");
  ASSERT_EQ(run.In<float>({2, 2}, {NAN, 0, 3, 3}).Run().ToString(), "ok");
  EXPECT_TRUE(std::isnan(run.Out<float>(0)[0]) && std::isnan(run.Out<float>(0)[1]));
  EXPECT_EQ(run.Out<float>(0)[2], 0.5f);
}

TEST(Softmax, OfNothingIsRefused) {
  ReferenceRun run("softmax");
  EXPECT_EQ(run.In<float>({2, 0}, {}).Run().code(), StatusCode::kInvalidArgument);
}

TEST(Softmax, KernelsAgreeOnManyRows) {
  const TensorType x = {DType::kFloat32, {20, 20, 7}};
  ExpectKernelsAgree("softmax", {}, {MakeInput(x, 1)}, 1e-7);
  ExpectKernelsAgree("softmax_grad", {}, {MakeInput(x, 1), MakeInput(x, 2)}, 1e-6);
}

TEST(Softmax, KernelsTreatExtremeLogitsAsTheReferenceDoes) {
  const float infinity = std::numeric_limits<float>::infinity();
  GuardedTensor x({DType::kFloat32, {4, 3}});
  const float values[] = {0,         -706.5f, -707.5f, 3e38f, -3e38f, 0,
                          -infinity, 0,       1,       1e4f,  -1e4f,  9999};
  for (int64_t i = 0; i < 12; ++i) x.Set(i, static_cast<double>(values[i]));
  ExpectKernelsAgree("softmax", {}, {x}, 1e-7);
}

}  // namespace
}  // namespace lockstep::ops
