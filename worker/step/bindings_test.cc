// SPDX-License-Identifier: Apache-2.0
#include "worker/step/bindings.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "worker/model/testing/small_model.h"

namespace lockstep::worker {
namespace {

class BindingsTest : public testing::Test {
 protected:
  std::vector<const void*> Bind(const graph::Plan& plan, const storage::LaneBatch& batch) {
    return ArgumentPlaces(*model_, &plan).Bind(state_, batch);
  }

  const void* Expected(const graph::Arg& arg) {
    const graph::Program& program = (*model_).program();
    if (arg.kind == graph::ArgKind::kInput) return batch_.Tensor(arg.name).data.data();
    if (arg.kind == graph::ArgKind::kParameter) {
      return state_.Parameter(*model_, program.ParameterIndex(arg.name));
    }
    for (size_t i = 0; i < program.running().size(); ++i) {
      const std::string& path = program.running()[i].path;
      if (arg.name == path + ".running_mean") return state_.RunningMean(*model_, i);
      if (arg.name == path + ".running_var") return state_.RunningVariance(*model_, i);
    }
    return nullptr;
  }

  SmallModel model_{SmallModel::Options()};
  ModelState state_ = model_.State(1);
  storage::LaneBatch batch_ = model_.Batch(0, 4);
};

using BindingsDeathTest = BindingsTest;

TEST_F(BindingsTest, EveryArgumentOfAPlanHasItsPlace) {
  ASSERT_TRUE(batch_.Add("unread", {DType::kFloat32, {4}}).ok());
  for (const graph::Plan* plan : {&(*model_).Lane(4).plan(), &(*model_).Eval(4).plan()}) {
    const std::vector<const void*> args = Bind(*plan, batch_);
    ASSERT_EQ(args.size(), plan->args.size());
    int inputs = 0;
    for (size_t i = 0; i < args.size(); ++i) {
      const graph::Arg& arg = plan->args[i];
      EXPECT_EQ(reinterpret_cast<uintptr_t>(args[i]) % 64, 0u) << arg.name;
      EXPECT_EQ(args[i], Expected(arg)) << arg.name;
      if (arg.kind == graph::ArgKind::kInput) ++inputs;
    }
    EXPECT_EQ(inputs, 2);
  }
}

TEST_F(BindingsDeathTest, SayWhatTheBatchHasInsteadOfAnInput) {
  batch_.tensors[1].name = "mask";
  EXPECT_DEATH(Bind((*model_).Lane(4).plan(), batch_),
               "plan 'lane' reads 'label' as tensor 1 of a batch; this one has image "
               "f32\\[4,4,4,1\\], mask i32\\[4\\]");
}

TEST_F(BindingsDeathTest, RefuseABatchInAnotherOrder) {
  std::reverse(batch_.tensors.begin(), batch_.tensors.end());
  EXPECT_DEATH(Bind((*model_).Lane(4).plan(), batch_), "reads 'image' as tensor 0 of a batch");
}

TEST_F(BindingsDeathTest, ScalarsAreTakenByIndexUnderTheirName) {
  ScalarCells scalars(DType::kFloat64);
  scalars.Add("lr", 0.5);
  EXPECT_EQ(*static_cast<const double*>(scalars.At(0, "lr")), 0.5);
  EXPECT_DEATH(scalars.At(0, "weight"), "reads 'weight' as scalar 0 of a step, which has lr");
  EXPECT_DEATH(scalars.At(1, "lr"), "reads 'lr' as scalar 1 of a step, which has fewer");
}

TEST_F(BindingsDeathTest, RefuseATensorOfAnotherType) {
  EXPECT_DEATH(Bind((*model_).Lane(3).plan(), batch_),
               "f32\\[4,4,4,1\\] vs f32\\[3,4,4,1\\].*'image' of plan 'lane'");
}

}  // namespace
}  // namespace lockstep::worker
