// SPDX-License-Identifier: Apache-2.0
#include "ops/loss/cross_entropy/cross_entropy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ops/core/testing/accuracy_check.h"
#include "ops/core/testing/kernel_check.h"
#include "ops/core/testing/kernel_run.h"
#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

TEST(CrossEntropy, ALabelThatDoesNotExistMakesLossAndGradientNaN) {
  for (const int32_t label : {-1, 3, 1 << 30}) {
    ReferenceRun loss("cross_entropy", Pack(CrossEntropyAttrs{}));
    loss.In<float>({2, 3}, {1, 2, 3, 4, 5, 6}).In<int32_t>({2}, {0, label});
    ASSERT_EQ(loss.Run().ToString(), "ok");
    EXPECT_TRUE(std::isnan(loss.Out<double>(0)[0]));
    ReferenceRun grad("cross_entropy_grad", Pack(CrossEntropyAttrs{}));
    grad.In<float>({2, 3}, loss.Out<float>(2)).In<int32_t>({2}, {0, label}).In<double>({}, {1});
    ASSERT_EQ(grad.Run().ToString(), "ok");
    const auto dlogits = grad.Out<float>(0);
    for (size_t i = 0; i < 6; ++i) EXPECT_EQ(std::isnan(dlogits[i]), i >= 3) << i;
  }
}

TEST(CrossEntropy, LargeLogitsNeitherOverflowNorVanish) {
  ReferenceRun loss("cross_entropy", Pack(CrossEntropyAttrs{}));
  loss.In<double>({1, 3}, {1e4, -1e4, 0}).In<int32_t>({1}, {1});
  ASSERT_EQ(loss.Run().ToString(), "ok");
  EXPECT_EQ(loss.Out<double>(0)[0], 2e4);
  EXPECT_THAT(loss.Out<double>(2), testing::ElementsAre(1, 0, 0));
}

TEST(CrossEntropy, NaNLogitsMakeTheLossNaN) {
  for (size_t at = 0; at < 3; ++at) {
    std::vector<float> logits = {1, 2, 3};
    logits[at] = NAN;
    ReferenceRun loss("cross_entropy", Pack(CrossEntropyAttrs{0.1}));
    ASSERT_EQ(loss.In<float>({1, 3}, logits).In<int32_t>({1}, {0}).Run().ToString(), "ok");
    EXPECT_TRUE(std::isnan(loss.Out<double>(0)[0])) << at;
  }
}

TEST(CrossEntropy, ProbabilitiesMayTakeTheBufferOfTheLogits) {
  const std::vector<float> logits = {1, 2, 3, 6, 5, 4};
  for (const double smoothing : {0.0, 0.2}) {
    ReferenceRun apart("cross_entropy", Pack(CrossEntropyAttrs{smoothing}));
    ReferenceRun shared("cross_entropy", Pack(CrossEntropyAttrs{smoothing}));
    ASSERT_EQ(apart.In({2, 3}, logits).In<int32_t>({2}, {1, 0}).Run().ToString(), "ok");
    ASSERT_EQ(shared.In({2, 3}, logits).In<int32_t>({2}, {1, 0}).Alias(0, 2).Run().ToString(),
              "ok");
    EXPECT_EQ(shared.Out<double>(0), apart.Out<double>(0));
    EXPECT_EQ(shared.Out<float>(2), apart.Out<float>(2));
  }
}

TEST(CrossEntropy, NoRowsCostNothing) {
  ReferenceRun loss("cross_entropy", Pack(CrossEntropyAttrs{}));
  ASSERT_EQ(loss.In<float>({0, 3}, {}).In<int32_t>({0}, {}).Run().ToString(), "ok");
  EXPECT_EQ(loss.Out<double>(0)[0], 0.0);
  EXPECT_EQ(loss.Out<double>(1)[0], 0.0);
}

bool Near(double got, double expected) {
  if (std::isnan(expected)) return std::isnan(got);
  return got == expected || std::fabs(got - expected) <= 1e-14 * std::fabs(expected);
}

// One row, `period` repeated to `classes`, with labels inside and outside.
void ExpectKernelsTreatAsTheReference(const std::vector<float>& period, int64_t classes,
                                      double smoothing) {
  const Op* op = OpRegistry::Global().Find("cross_entropy");
  const TensorTypes types = {{DType::kFloat32, {1, classes}}, {DType::kInt32, {1}}};
  const NodeSpec node = *MakeNode(*op, Pack(CrossEntropyAttrs{smoothing}), types, "");
  const MadeKernel reference = *MakeReferenceKernel(node);
  const std::vector<MadeKernel> kernels = *MakeOwnKernels(node);
  std::vector<GuardedTensor> in = {GuardedTensor(types[0]), GuardedTensor(types[1])};
  for (int64_t k = 0; k < classes; ++k) {
    in[0].Set(k, static_cast<double>(period[static_cast<size_t>(k) % period.size()]));
  }
  for (const int32_t label : {0, 1, 2, -1}) {
    in[1].Set(0, label);
    const std::vector<GuardedTensor> expected = *RunKernel(reference, in, {});
    for (const MadeKernel& kernel : kernels) {
      const std::vector<GuardedTensor> out = *RunKernel(kernel, in, {});
      for (size_t i = 0; i < out.size(); ++i) {
        for (int64_t k = 0; k < out[i].elements(); ++k) {
          EXPECT_PRED2(Near, out[i].At(k), expected[i].At(k))
              << kernel.name() << ", label " << label << ", output " << i << ", element " << k;
        }
      }
    }
  }
}

TEST(CrossEntropy, KernelsTreatExtremeLogitsAsTheReferenceDoes) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = NAN;
  const std::vector<float> rows[] = {{1e4f, -1e4f, 0},
                                     {0, -706.5f, -707.5f},
                                     {0, -745, -746},
                                     {3e38f, -3e38f, 0},
                                     {-infinity, 0, 1},
                                     {1, 2, -infinity},
                                     {infinity, 0, 1},
                                     {infinity, infinity, 0},
                                     {infinity, -infinity, 0},
                                     {nan, 1, 2},
                                     {1, 2, nan},
                                     {1, nan, infinity},
                                     {-infinity, -infinity, -infinity},
                                     {1e-40f, -1e-40f, 0},
                                     {0, -100, -103.5f}};
  for (const std::vector<float>& row : rows) {
    for (const int64_t classes : {3, 15, 16, 37}) {
      for (const double smoothing : {0.0, 0.1, 1.0}) {
        SCOPED_TRACE(testing::PrintToString(row) + ", " + std::to_string(classes) + " classes");
        ExpectKernelsTreatAsTheReference(row, classes, smoothing);
      }
    }
  }
}

TEST(CrossEntropy, KernelsAreExactOverAThousandClassesInSeveralRuns) {
  const OpRegistry& ops = OpRegistry::Global();
  const Sample sample = {
      "thousand",
      Pack(CrossEntropyAttrs{0.1}),
      {{{DType::kFloat32, {3, 1000}}}, {{DType::kInt32, {3}}, Fill::kLabels, 1000}}};
  const OpCase c = {&ops, ops.Find("cross_entropy"), &sample};
  EXPECT_EQ(CheckFloatAccuracy(c).ToString(), "ok");
  EXPECT_EQ(CheckOwnKernelsAgree(c).ToString(), "ok");
  EXPECT_EQ(CheckInPlace(c, DType::kFloat32).ToString(), "ok");
}

}  // namespace
}  // namespace lockstep::ops
