// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/dropout/dropout.h"

#include <gtest/gtest.h>

#include <numeric>

#include "ops/core/testing/kernel_check.h"
#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

// The uniforms of elements 0 to 9 for this seed, path, step and lane, from the independent program
// that defines the order of random numbers.
const StepHeader kStep = {.seed = 1, .step = 5, .lane = 2};
const char* const kPath = "block1/drop";
constexpr double kUniforms[] = {0.9743912816047668, 0.6368041038513184,  0.07202255725860596,
                                0.2748802900314331, 0.11148548126220703, 0.09172570705413818,
                                0.1597883701324463, 0.850979745388031,   0.519018292427063,
                                0.7016429305076599};

std::vector<uint8_t> MaskOf(double p, const std::string& path, const StepHeader& step, int64_t n) {
  ReferenceRun run("dropout", Pack(DropoutAttrs{p}));
  run.In<float>({n}, std::vector<float>(static_cast<size_t>(n), 1.0f)).At(path, step);
  EXPECT_EQ(run.Run().ToString(), "ok");
  return run.Out<uint8_t>(1);
}

TEST(Dropout, KeepsWhereTheKnownUniformIsAtLeastP) {
  for (const double p : kUniforms) {  // each known value once as the threshold itself
    const std::vector<uint8_t> mask = MaskOf(p, kPath, kStep, 10);
    for (size_t i = 0; i < 10; ++i) EXPECT_EQ(mask[i], kUniforms[i] >= p ? 1 : 0) << i;
  }
}

TEST(Dropout, ScalesWhatItKeepsAndZeroesTheRest) {
  const std::vector<float> x = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  ReferenceRun run("dropout", Pack(DropoutAttrs{0.1}));
  ASSERT_EQ(run.In<float>({2, 5}, x).At(kPath, kStep).Run().ToString(), "ok");
  const float factor = static_cast<float>(1.0 / 0.9);
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(run.Out<float>(0)[i], kUniforms[i] >= 0.1 ? x[i] * factor : 0.0f) << i;
  }
}

TEST(Dropout, MaskIsAPureFunctionOfPathSeedStepAndLane) {
  const auto mask = MaskOf(0.5, kPath, kStep, 1000);
  EXPECT_EQ(MaskOf(0.5, kPath, kStep, 1000), mask);
  EXPECT_NE(MaskOf(0.5, "block2/drop", kStep, 1000), mask);
  EXPECT_NE(MaskOf(0.5, kPath, {2, 5, 2}, 1000), mask);
  EXPECT_NE(MaskOf(0.5, kPath, {1, 6, 2}, 1000), mask);
  EXPECT_NE(MaskOf(0.5, kPath, {1, 5, 3}, 1000), mask);
  const int kept = std::accumulate(mask.begin(), mask.end(), 0);
  EXPECT_NEAR(kept, 500, 80);  // five standard deviations
}

TEST(Dropout, RefusesPOutsideItsRange) {
  const TensorType x = {DType::kFloat32, {4}};
  for (const double p : {-0.1, 1.0, 2.0}) {
    EXPECT_FALSE(
        OpRegistry::Global().Find("dropout")->infer(Pack(DropoutAttrs{p}), std::span(&x, 1)).ok());
  }
}

TEST(Dropout, OwnKernelsHaveTheReferencesBitsInSeveralRuns) {
  const OpRegistry& ops = OpRegistry::Global();
  const Attrs attrs = Pack(DropoutAttrs{0.3});
  const Shape shape = {9, 8191};
  const Sample drawn = {"runs", attrs, {{{DType::kFloat32, shape}}}};
  const Sample masked = {
      "runs", attrs, {{{DType::kFloat32, shape}}, {{DType::kUInt8, shape}, Fill::kUnitMask}}};
  for (const OpCase& c : {OpCase{&ops, ops.Find("dropout"), &drawn},
                          OpCase{&ops, ops.Find("dropout_grad"), &masked}}) {
    EXPECT_EQ(CheckOwnKernelsAreTheReference(c).ToString(), "ok");
  }
}

}  // namespace
}  // namespace lockstep::ops
