// SPDX-License-Identifier: Apache-2.0
// Steps of a task with two phases, whose exchanges go in several buckets, in one, or by the
// transport's own sum; and what is said of the phases.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "base/check.h"
#include "base/device/cpu/cpu_device.h"
#include "base/file.h"
#include "comm/local/rank_threads.h"
#include "comm/reduce/canonical_tree.h"
#include "tests/distributed/small_runs.h"
#include "tests/distributed/toy_task.h"
#include "worker/device/host_spec.h"
#include "worker/report/explain.h"
#include "worker/step/step_engine.h"

namespace lockstep::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using worker::StepEngine;

constexpr int32_t kLanes = 4;
constexpr int64_t kRows = 3;
constexpr int64_t kSteps = 3;
constexpr int64_t kOneBucket = int64_t{1} << 30, kManyBuckets = 1024;

class ToyStepTest : public testing::Test {
 protected:
  explicit ToyStepTest(std::string_view task = kToyTask) : device_(worker::ReferenceHostSpec()) {
    AddToyTasks();
    graph::ProgramOptions options;
    options.task = std::string(task);
    options.model = "lenet5";
    options.image = {28, 28, 1};
    options.lane_batch = kRows;
    options.optimizer.name = "adam";
    auto program = graph::Program::Make(options);
    CHECK(program.ok()) << program.status();
    auto model = worker::CompiledModel::Make(*std::move(program), &device_, {.lane_rows = {kRows}});
    CHECK(model.ok()) << model.status();
    model_ = *std::move(model);
  }

  std::unique_ptr<StepEngine> Engine(comm::Communicator* c, int64_t bucket_bytes,
                                     bool allreduce) const {
    StepEngine::Options options;
    options.lanes = comm::LanesOfRank(c->rank(), c->size(), kLanes);
    options.all_lanes = kLanes;
    options.lane_batch = kRows;
    options.seed = 3;
    options.allreduce = allreduce;
    options.bucket_bytes = bucket_bytes;
    auto engine = StepEngine::Make(model_.get(), c, options);
    CHECK(engine.ok()) << engine.status();
    return *std::move(engine);
  }

  static std::shared_ptr<storage::StepBatch> Batch(const comm::Communicator* c, int64_t step) {
    auto batch = std::make_shared<storage::StepBatch>();
    batch->step = Step(step);
    const Range lanes = comm::LanesOfRank(c->rank(), c->size(), kLanes);
    for (int64_t lane = lanes.begin; lane < lanes.end; ++lane) {
      storage::LaneBatch made = *storage::MakeImageBatch(Lane(static_cast<int32_t>(lane)), kRows,
                                                         {28, 28, 1}, DType::kFloat32);
      auto* x = made.Tensor(storage::kImageTensor).as<float>();
      for (int64_t i = 0; i < kRows * 28 * 28; ++i) {
        x[i] = static_cast<float>((i * 37 + lane * 11 + step * 5) % 29 - 14) / 8.0f;
      }
      auto* labels = made.Tensor(storage::kLabelTensor).as<int32_t>();
      for (int64_t i = 0; i < kRows; ++i) labels[i] = static_cast<int32_t>(i + lane + step) % 10;
      batch->lanes.push_back(std::move(made));
    }
    return batch;
  }

  // The hash of the state after some steps.
  uint64_t StateAfterSteps(int32_t ranks, int64_t bucket_bytes, bool allreduce) const {
    uint64_t hash = 0;
    comm::RunRanks(ranks, [&](comm::Communicator* c, Stream*) {
      const auto engine = Engine(c, bucket_bytes, allreduce);
      for (int64_t step = 0; step < kSteps; ++step) {
        auto ticket = engine->Launch(Batch(c, step), {.lr = 0.01, .applied_updates = step});
        ASSERT_TRUE(ticket.ok()) << ticket.status();
        const auto report = engine->Collect(*std::move(ticket), /*stop_wanted=*/false);
        ASSERT_TRUE(report.ok()) << report.status();
        ASSERT_TRUE(report->applied);
        ASSERT_EQ(report->losses.size(), 2u);
      }
      const auto state = engine->StateHash(Deadline::In(std::chrono::minutes(1)));
      ASSERT_TRUE(state.ok()) << state.status();
      if (c->rank() == Rank(0)) hash = *state;
    });
    return hash;
  }

  CpuDevice device_;
  std::unique_ptr<worker::CompiledModel> model_;
};

TEST_F(ToyStepTest, SeveralBucketsAreTheSameBitsAsOne) {
  const auto& blocks = model_->space().blocks();
  ASSERT_GT(blocks.size(), 4u) << "a bucket holds at least a block";
  const uint64_t expected = StateAfterSteps(1, kOneBucket, /*allreduce=*/false);
  EXPECT_NE(expected, 0u);
  for (const int32_t ranks : {1, 2, 3}) {
    EXPECT_EQ(StateAfterSteps(ranks, kManyBuckets, /*allreduce=*/false), expected) << ranks;
  }
}

// Where each rank has one subtree of lanes, two ranks add as the canonical sum does.
TEST_F(ToyStepTest, TheTransportsSumOfTwoRanksIsTheCanonicalOne) {
  const uint64_t expected = StateAfterSteps(1, kOneBucket, /*allreduce=*/false);
  for (const int32_t ranks : {1, 2}) {
    for (const int64_t bucket_bytes : {kOneBucket, kManyBuckets}) {
      EXPECT_EQ(StateAfterSteps(ranks, bucket_bytes, /*allreduce=*/true), expected)
          << ranks << " ranks, buckets of " << bucket_bytes;
    }
  }
}

// Three ranks have subtrees of different sizes: the sum is another, but all ranks have it.
TEST_F(ToyStepTest, TheTransportsSumOfThreeRanksIsTheSameInOneBucketAndInSeveral) {
  EXPECT_EQ(StateAfterSteps(3, kManyBuckets, /*allreduce=*/true),
            StateAfterSteps(3, kOneBucket, /*allreduce=*/true));
}

class ByTurnsStepTest : public ToyStepTest {
 protected:
  ByTurnsStepTest() : ToyStepTest(kToyByTurns) {}

  // The state after one step whose header this is.
  uint64_t StateAfter(int64_t step, const worker::StepHeader& header, size_t phases) const {
    uint64_t hash = 0;
    comm::RunRanks(1, [&](comm::Communicator* c, Stream*) {
      const auto engine = Engine(c, kOneBucket, /*allreduce=*/false);
      auto ticket = engine->Launch(Batch(c, step), header);
      ASSERT_TRUE(ticket.ok()) << ticket.status();
      const auto report = engine->Collect(*std::move(ticket), /*stop_wanted=*/false);
      ASSERT_TRUE(report.ok()) << report.status();
      EXPECT_TRUE(report->applied);
      EXPECT_EQ(report->losses.size(), phases);
      const graph::SumTotal* const sum = report->sums.Find("encoder_nats");
      ASSERT_NE(sum, nullptr);
      EXPECT_EQ(sum->samples, phases == 2 ? kLanes * kRows : 0);
      const auto state = engine->StateHash(Deadline::In(std::chrono::minutes(1)));
      ASSERT_TRUE(state.ok()) << state.status();
      hash = *state;
    });
    return hash;
  }
};

TEST_F(ByTurnsStepTest, APhaseIsUpdatedByItsOwnCountAndLeftOutWhereItRests) {
  const uint64_t of_step = StateAfter(3, {.lr = 0.01, .applied_updates = 3}, 2);
  EXPECT_EQ(StateAfter(3, {.lr = 0.01, .applied_updates = 3, .updates_of_phases = {9, 3}}, 2),
            of_step)
      << "the first phase runs in every step, and its own count says nothing";
  EXPECT_NE(StateAfter(3, {.lr = 0.01, .applied_updates = 3, .updates_of_phases = {3, 1}}, 2),
            of_step);
  EXPECT_EQ(StateAfter(4, {.lr = 0.01, .applied_updates = 3, .updates_of_phases = {3, 1}}, 1),
            StateAfter(4, {.lr = 0.01, .applied_updates = 3}, 1));
}

TEST_F(ToyStepTest, SaysInWhichPhaseItIs) {
  comm::RunRanks(1, [&](comm::Communicator* c, Stream*) {
    const auto engine = Engine(c, kManyBuckets, /*allreduce=*/false);
    std::vector<std::string> said;
    auto ticket = engine->Launch(Batch(c, 0), {.lr = 0.01},
                                 [&](const char* phase) { said.emplace_back(phase); });
    ASSERT_TRUE(ticket.ok()) << ticket.status();
    ASSERT_TRUE(engine->Collect(*std::move(ticket), /*stop_wanted=*/false).ok());
    EXPECT_THAT(said, ElementsAre("forward and backward of 'critic'", "exchange of 'critic'",
                                  "forward and backward of 'encoder'", "exchange of 'encoder'"));
  });
}

TEST(ToyExplain, NamesThePhasesAndWhatEachRecomputes) {
  AddToyTasks();
  TestFolder folder;
  ASSERT_TRUE(MakeSmallDataset({.train = 600}, folder / "data").ok());
  worker::TrainConfig config =
      SmallConfig(folder / "data", folder / "run", "lenet5", /*lanes=*/2, /*lane_batch=*/150);
  config.task = std::string(kToyTask);
  config.recompute = "2";  // MiB: less than a phase takes
  DeviceSpec spec = worker::ReferenceHostSpec();
  spec.gflops = spec.gbytes_per_second = 10;
  ASSERT_TRUE(WriteFileAtomic(folder / "spec", spec.ToText()).ok());
  const auto text = worker::Explain(config, {.time = {.spec_file = folder / "spec"}});
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_THAT(*text, HasSubstr("the task toy has 2 phases per step: critic, encoder\n"));
  EXPECT_THAT(*text, HasSubstr("in the phase 'encoder'\n"));
}

TEST(ToyAllReduce, TwoRanksThatAddInTheTransportsOrderHaveTheDigestsOfOne) {
  AddToyTasks();
  TestFolder folder;
  ASSERT_TRUE(MakeSmallDataset({}, folder / "data").ok());
  worker::TrainConfig config = SmallConfig(folder / "data", folder / "run", "lenet5", kLanes, 8);
  config.task = std::string(kToyTask);
  const std::vector<std::string> expected = RunDigests(config, folder / "lockstep");
  config.sync = "allreduce";
  EXPECT_EQ(RunDigests(config, folder / "one"), expected);
  config.run.ranks = 2;
  worker::TrainSummary summary;
  EXPECT_EQ(RunDigests(config, folder / "two", &summary), expected);
  EXPECT_EQ(summary.sync, "allreduce");
}

}  // namespace
}  // namespace lockstep::tests
