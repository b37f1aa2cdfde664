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
    return BindArguments(*model_, plan, state_, batch);
  }

  SmallModel model_{SmallModel::Options()};
  ModelState state_ = model_.State(1);
  storage::LaneBatch batch_ = model_.Batch(0, 4);
};

using BindingsDeathTest = BindingsTest;

TEST_F(BindingsTest, BindInputsByNameWhateverTheOrderOfTheBatch) {
  ASSERT_TRUE(batch_.Add("unread", {DType::kFloat32, {4}}).ok());
  for (const graph::Plan* plan : {&(*model_).Lane(4).plan(), &(*model_).Eval(4).plan()}) {
    std::reverse(batch_.tensors.begin(), batch_.tensors.end());
    const std::vector<const void*> args = Bind(*plan, batch_);
    ASSERT_EQ(args.size(), plan->args.size());
    int inputs = 0;
    for (size_t i = 0; i < args.size(); ++i) {
      const graph::Arg& arg = plan->args[i];
      EXPECT_EQ(reinterpret_cast<uintptr_t>(args[i]) % 64, 0u) << arg.name;
      if (arg.kind != graph::ArgKind::kInput) continue;
      EXPECT_EQ(args[i], batch_.Tensor(arg.name).data.data()) << arg.name;
      ++inputs;
    }
    EXPECT_EQ(inputs, 2);
  }
}

TEST_F(BindingsDeathTest, SayWhatTheBatchHasInsteadOfAnInput) {
  batch_.tensors[1].name = "mask";
  EXPECT_DEATH(Bind((*model_).Lane(4).plan(), batch_),
               "plan 'lane' reads 'label'; the batch has image f32\\[4,4,4,1\\], mask i32\\[4\\]");
}

TEST_F(BindingsDeathTest, RefuseATensorOfAnotherType) {
  EXPECT_DEATH(Bind((*model_).Lane(3).plan(), batch_),
               "f32\\[4,4,4,1\\] vs f32\\[3,4,4,1\\].*'image' of plan 'lane'");
}

}  // namespace
}  // namespace lockstep::worker
