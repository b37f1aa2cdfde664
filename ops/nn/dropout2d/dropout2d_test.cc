// SPDX-License-Identifier: Apache-2.0
#include "ops/nn/dropout2d/dropout2d.h"

#include <gtest/gtest.h>

#include "ops/core/testing/kernel_check.h"
#include "ops/core/testing/reference_run.h"

namespace lockstep::ops {
namespace {

// The uniforms of elements 0 to 9 for this seed, path, step and lane: those that dropout_test.cc
// has, since a channel is drawn as an element of dropout is.
const StepHeader kStep = {.seed = 1, .step = 5, .lane = 2};
const char* const kPath = "block1/drop";
constexpr double kUniforms[] = {0.9743912816047668, 0.6368041038513184,  0.07202255725860596,
                                0.2748802900314331, 0.11148548126220703, 0.09172570705413818,
                                0.1597883701324463, 0.850979745388031,   0.519018292427063,
                                0.7016429305076599};

TEST(Dropout2d, KeepsOrDropsAWholeChannelOfAnImageByItsKnownUniform) {
  std::vector<float> x(2 * 3 * 5);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i + 1);
  ReferenceRun run("dropout2d", Pack(DropoutAttrs{0.2}));
  ASSERT_EQ(run.In<float>({2, 1, 3, 5}, x).At(kPath, kStep).Run().ToString(), "ok");
  EXPECT_EQ(run.OutShape(1), (Shape{2, 5}));
  const float factor = static_cast<float>(1.0 / 0.8);
  for (size_t n = 0; n < 2; ++n) {
    for (size_t c = 0; c < 5; ++c) {
      const bool kept = kUniforms[n * 5 + c] >= 0.2;
      EXPECT_EQ(run.Out<uint8_t>(1)[n * 5 + c], kept ? 1 : 0);
      for (size_t pixel = 0; pixel < 3; ++pixel) {
        const size_t i = (n * 3 + pixel) * 5 + c;
        EXPECT_EQ(run.Out<float>(0)[i], kept ? x[i] * factor : 0.0f) << i;
      }
    }
  }
}

TEST(Dropout2d, RefusesPOutsideItsRangeAndWhatIsNoImage) {
  const Op* op = OpRegistry::Global().Find("dropout2d");
  const TensorType image = {DType::kFloat32, {1, 2, 2, 4}}, row = {DType::kFloat32, {1, 4}};
  for (const double p : {-0.1, 1.0}) {
    EXPECT_FALSE(op->infer(Pack(DropoutAttrs{p}), std::span(&image, 1)).ok());
  }
  EXPECT_FALSE(op->infer(Pack(DropoutAttrs{0.5}), std::span(&row, 1)).ok());
}

TEST(Dropout2d, OwnKernelsHaveTheReferencesBitsInSeveralRuns) {
  const OpRegistry& ops = OpRegistry::Global();
  const Attrs attrs = Pack(DropoutAttrs{0.3});
  const Sample drawn = {"runs", attrs, {{{DType::kFloat32, {9, 3, 2, 999}}}}};
  const Sample masked = {
      "runs",
      attrs,
      {{{DType::kFloat32, {9, 3, 2, 999}}}, {{DType::kUInt8, {9, 999}}, Fill::kUnitMask}}};
  for (const OpCase& c : {OpCase{&ops, ops.Find("dropout2d"), &drawn},
                          OpCase{&ops, ops.Find("dropout2d_grad"), &masked}}) {
    EXPECT_EQ(CheckOwnKernelsAreTheReference(c).ToString(), "ok");
  }
}

}  // namespace
}  // namespace lockstep::ops
