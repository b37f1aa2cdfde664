// SPDX-License-Identifier: Apache-2.0
// An evaluation on the emulated device has the bits of the CPU's, and a call of the device that
// fails ends it with a Status.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

#include "base/device/emulated/emulated_device.h"
#include "comm/local/rank_threads.h"
#include "storage/loader/testing/fake_source.h"
#include "worker/eval/evaluator.h"
#include "worker/model/testing/small_model.h"

namespace lockstep::worker {
namespace {

constexpr int64_t kSamples = 14;
constexpr int32_t kLanes = 3;

SmallModel ModelOn(const std::string& device) {
  SmallModel::Options options;
  options.name = "mlp-784-128-64-10";
  options.image = {3, 3, 1};
  options.classes = 3;
  options.lane_rows = {};
  options.eval_rows = {1, 2, 3, 4, 5};
  options.device = device;
  return SmallModel(options);
}

Result<EvalResult> EvaluateOnce(const SmallModel& model) {
  storage::EvalLoaderOptions options;
  options.lanes = kLanes;
  options.eval_batch = 2;
  ASSIGN_OR_RETURN(const auto loader,
                   storage::EvalLoader::Make(
                       std::make_shared<const storage::FakeSource>(kSamples, 4, 4), options));
  ASSIGN_OR_RETURN(ModelState state, ModelState::Make(*model, /*seed=*/3, {}));
  ASSIGN_OR_RETURN(const auto workspaces, LaneWorkspaces::Make(*model, /*count=*/2));
  Result<EvalResult> result = Internal("not run");
  comm::RunRanks(1, [&](comm::Communicator* c, Stream* stream) {
    Evaluator evaluator(model.get(), workspaces.get(), loader.get(), {0, kLanes});
    result = evaluator.Run(&state, c, stream, {std::chrono::minutes(1)});
  });
  return result;
}

EmulatedDevice* Emulated(const SmallModel& model) {
  auto* const device = dynamic_cast<EmulatedDevice*>(model.device());
  CHECK(device != nullptr);
  return device;
}

TEST(EmulatedEvaluation, HasTheBitsOfTheCpus) {
  const SmallModel cpu = ModelOn("cpu"), emulated = ModelOn("emulated");
  const auto expected = EvaluateOnce(cpu), result = EvaluateOnce(emulated);
  ASSERT_TRUE(expected.ok()) << expected.status();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->samples, kSamples);
  EXPECT_EQ(std::bit_cast<uint64_t>(result->loss), std::bit_cast<uint64_t>(expected->loss));
  ASSERT_EQ(result->metrics.size(), expected->metrics.size());
  for (size_t i = 0; i < result->metrics.size(); ++i) {
    EXPECT_EQ(std::bit_cast<uint64_t>(result->metrics[i].value),
              std::bit_cast<uint64_t>(expected->metrics[i].value));
  }
  EXPECT_GT(Emulated(emulated)->counts().launches, 0);
  EXPECT_TRUE(Emulated(emulated)->memory()->ours.empty());
}

TEST(EmulatedEvaluation, WaitsOnceForEachBatch) {
  const SmallModel model = ModelOn("emulated");
  const int64_t before = Emulated(model)->counts().host_waits;
  int64_t batches = 0;
  for (int64_t lane = 0; lane < kLanes; ++lane) {  // of two rows each, the last one of what is left
    const int64_t samples = (lane + 1) * kSamples / kLanes - lane * kSamples / kLanes;
    batches += (samples + 1) / 2;
  }
  ASSERT_TRUE(EvaluateOnce(model).ok());
  // Beside them: each buffer zeroed (parameters; for each of two workspaces arena, inputs and
  // results), and the state put on the device.
  EXPECT_EQ(Emulated(model)->counts().host_waits - before, batches + 1 + 1 + 2 * 3);
}

TEST(EmulatedEvaluation, EveryCallThatFailsIsToldAndNothingLeaks) {
  const SmallModel model = ModelOn("emulated");
  EmulatedDevice* const device = Emulated(model);
  for (int64_t call = 1;; ++call) {
    device->FailCall(call);
    const auto result = EvaluateOnce(model);
    device->FailCall(0);
    ASSERT_TRUE(device->memory()->ours.empty()) << "after call " << call;
    if (result.ok()) {
      EXPECT_GT(call, 50) << "all calls of an evaluation have failed once";
      break;
    }
    EXPECT_EQ(result.status().code(), StatusCode::kUnavailable) << result.status();
    EXPECT_THAT(result.status().message(), testing::HasSubstr("as it was told to"));
  }
}

}  // namespace
}  // namespace lockstep::worker
