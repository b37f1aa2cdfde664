// SPDX-License-Identifier: Apache-2.0
#include "graph/autodiff/autodiff.h"

#include <gtest/gtest.h>

#include "graph/ir/text.h"
#include "ops/math/add/add.h"
#include "ops/nn/relu/relu.h"
#include "ops/nn/tanh/tanh.h"
#include "ops/norm/batch_norm/batch_norm.h"

namespace lockstep::graph {
namespace {

TEST(Gradients, AddsContributionsAtAForkInDescendingCreationOfTheConsumers) {
  GraphBuilder b("fork");
  const Value x = b.graph().AddArg("x", ArgKind::kParameter, {DType::kFloat32, {4}});
  const Value seed = b.graph().AddArg("seed", ArgKind::kInput, {DType::kFloat32, {4}});
  const Value first = ops::Relu(&b, x);
  const Value second = ops::Tanh(&b, x);
  const Value third = ops::Relu(&b, x);
  const Value y = ops::Add(&b, ops::Add(&b, first, second), third);
  const std::vector<Value> dx = Gradients(&b, y, seed, std::vector<Value>{x});
  ASSERT_TRUE(b.status().ok()) << b.status();
  b.graph().AddResult("dx", dx[0]);
  // (third + second) + first.
  const std::string text = ToText(b.graph());
  const std::string expected =
      "  %7 = relu_grad(%4, %1) {} @\"\" : f32[4]\n"
      "  %8 = tanh_grad(%3, %1) {} @\"\" : f32[4]\n"
      "  %9 = add(%7, %8) {} @\"\" : f32[4]\n"
      "  %10 = relu_grad(%2, %1) {} @\"\" : f32[4]\n"
      "  %11 = add(%9, %10) {} @\"\" : f32[4]\n"
      "  return \"dx\" %11\n";
  EXPECT_NE(text.find(expected), std::string::npos) << text;
}

TEST(Gradients, EmitsNothingForWhatIsNotTrained) {
  GraphBuilder b("frozen");
  const Value x = b.graph().AddArg("x", ArgKind::kInput, {DType::kFloat32, {4}});
  const Value w = b.graph().AddArg("w", ArgKind::kParameter, {DType::kFloat32, {4}});
  const Value frozen = ops::Tanh(&b, x);
  const Value y = ops::Add(&b, frozen, w);
  const size_t forward = b.graph().nodes().size();
  const std::vector<Value> dw = Gradients(&b, y, y, std::vector<Value>{w});
  ASSERT_TRUE(b.status().ok()) << b.status();
  EXPECT_EQ(b.graph().nodes().size(), forward);
  EXPECT_EQ(dw[0], y);
}

TEST(Gradients, StopAtOutputsThatAnOpDetaches) {
  GraphBuilder b("detached");
  const TensorType channels{DType::kFloat32, {2}};
  const Value x = b.graph().AddArg("x", ArgKind::kInput, {DType::kFloat32, {3, 2}});
  const Value gamma = b.graph().AddArg("gamma", ArgKind::kParameter, channels);
  const Value beta = b.graph().AddArg("beta", ArgKind::kParameter, channels);
  const ops::BatchNormOut norm = ops::BatchNormTrain(&b, x, gamma, beta, 1e-5);
  const Value y = ops::Relu(&b, norm.mean);
  Gradients(&b, y, y, std::vector<Value>{gamma});
  EXPECT_NE(b.status().message().find("does not depend on 'gamma'"), std::string::npos)
      << "a batch mean is a constant to gradients: " << b.status();
}

TEST(Gradients, NamesAParameterTheLossDoesNotDependOn) {
  GraphBuilder b("unused");
  const Value x = b.graph().AddArg("x", ArgKind::kParameter, {DType::kFloat32, {4}});
  const Value w = b.graph().AddArg("fc.weight", ArgKind::kParameter, {DType::kFloat32, {4}});
  const Value y = ops::Relu(&b, x);
  Gradients(&b, y, y, std::vector<Value>{x, w});
  EXPECT_NE(b.status().message().find("does not depend on 'fc.weight'"), std::string::npos)
      << b.status();
}

}  // namespace
}  // namespace lockstep::graph
