// SPDX-License-Identifier: Apache-2.0
#include "worker/step/step_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "comm/local/rank_threads.h"
#include "comm/reduce/canonical_tree.h"
#include "worker/model/testing/small_model.h"

namespace lockstep::worker {
namespace {

using ::testing::HasSubstr;

constexpr int32_t kLanes = 4;

Deadline Late() { return Deadline::In(std::chrono::seconds(60)); }

class StepEngineTest : public ::testing::Test {
 protected:
  std::unique_ptr<StepEngine> Engine(comm::Communicator* c) const {
    StepEngine::Options options;
    options.lanes = comm::LanesOfRank(c->rank(), c->size(), kLanes);
    options.all_lanes = kLanes;
    options.lane_batch = 4;
    options.seed = 3;
    auto engine = StepEngine::Make(model_.get(), c, options);
    CHECK(engine.ok()) << engine.status();
    return *std::move(engine);
  }
  // The batch of a rank's lanes, `rows` rows in each.
  std::shared_ptr<storage::StepBatch> Batch(const comm::Communicator* c, int64_t rows) const {
    auto batch = std::make_shared<storage::StepBatch>();
    const Range lanes = comm::LanesOfRank(c->rank(), c->size(), kLanes);
    for (int64_t lane = lanes.begin; lane < lanes.end; ++lane) {
      batch->lanes.push_back(model_.Batch(static_cast<int32_t>(lane), rows));
    }
    return batch;
  }
  static Result<StepReport> Step(StepEngine& engine, std::shared_ptr<storage::StepBatch> batch,
                                 const StepHeader& header, bool stop_wanted = false) {
    ASSIGN_OR_RETURN(StepEngine::Ticket ticket, engine.Launch(std::move(batch), header));
    return engine.Collect(std::move(ticket), stop_wanted);
  }

  SmallModel model_{SmallModel::Options()};
};

// Two steps, of full and of short lane batches: the report and the state's hash.
TEST_F(StepEngineTest, ReportAndStateAreTheSameForEveryNumberOfRanks) {
  struct Outcome {
    double loss = 0.0;
    int64_t rows = 0;
    uint64_t state = 0;
    bool operator==(const Outcome&) const = default;
  };
  Outcome outcomes[3];
  for (const int ranks : {1, 2, 3}) {
    comm::RunRanks(ranks, [&](comm::Communicator* c, Stream*) {
      const auto engine = Engine(c);
      const auto first = Step(*engine, Batch(c, 4), {.lr = 0.1, .applied_updates = 0});
      ASSERT_TRUE(first.ok()) << first.status();
      EXPECT_TRUE(first->applied);
      const auto second = Step(*engine, Batch(c, 3), {.lr = 0.05, .applied_updates = 1});
      ASSERT_TRUE(second.ok()) << second.status();
      EXPECT_LT(second->loss, first->loss) << "the first step has not updated";
      const auto hash = engine->StateHash(Late());
      ASSERT_TRUE(hash.ok()) << hash.status();
      if (c->rank() == Rank(0)) outcomes[ranks - 1] = {second->loss, second->rows, *hash};
    });
  }
  EXPECT_EQ(outcomes[0].rows, kLanes * 3);
  EXPECT_TRUE(outcomes[1] == outcomes[0]);
  EXPECT_TRUE(outcomes[2] == outcomes[0]);
}

TEST_F(StepEngineTest, SaysWhatItIsAt) {
  comm::RunRanks(1, [&](comm::Communicator* c, Stream*) {
    const auto engine = Engine(c);
    std::vector<std::string> said;
    const auto note = [&](const char* phase) { said.emplace_back(phase); };
    auto ticket = engine->Launch(Batch(c, 4), {.lr = 0.1}, note);
    ASSERT_TRUE(ticket.ok()) << ticket.status();
    EXPECT_EQ(said, (std::vector<std::string>{"forward and backward"}));
    ASSERT_TRUE(engine->Collect(*std::move(ticket), /*stop_wanted=*/false).ok());
    EXPECT_EQ(said, (std::vector<std::string>{"forward and backward", "exchange"}));
  });
}

TEST_F(StepEngineTest, AStepWithoutRowsUpdatesNothing) {
  comm::RunRanks(2, [&](comm::Communicator* c, Stream*) {
    const auto engine = Engine(c);
    const auto before = engine->StateHash(Late());
    const auto report = Step(*engine, Batch(c, 0), {.lr = 0.1});
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_FALSE(report->applied);
    EXPECT_EQ(report->loss, 0.0);
    EXPECT_EQ(*engine->StateHash(Late()), *before);
  });
}

TEST_F(StepEngineTest, AWishToStopOfOneRankReachesAll) {
  comm::RunRanks(3, [&](comm::Communicator* c, Stream*) {
    const auto engine = Engine(c);
    const auto asked = Step(*engine, Batch(c, 2), {.lr = 0.1}, c->rank() == Rank(1));
    ASSERT_TRUE(asked.ok()) << asked.status();
    EXPECT_TRUE(asked->stop_wanted);
    EXPECT_TRUE(asked->applied);
    const auto not_asked = Step(*engine, Batch(c, 2), {.lr = 0.1, .applied_updates = 1});
    ASSERT_TRUE(not_asked.ok()) << not_asked.status();
    EXPECT_FALSE(not_asked->stop_wanted);
  });
}

TEST_F(StepEngineTest, ALossThatIsNotFiniteUpdatesNothingAndAllRanksNameItsLane) {
  comm::RunRanks(2, [&](comm::Communicator* c, Stream*) {
    const auto engine = Engine(c);
    const auto before = engine->StateHash(Late());
    const auto batch = Batch(c, 4);
    if (c->rank() == Rank(1)) {
      batch->lanes[0].Tensor(storage::kImageTensor).as<float>()[0] =
          std::numeric_limits<float>::quiet_NaN();
    }
    const auto report = Step(*engine, batch, {.lr = 0.1});
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_FALSE(report->finite);
    EXPECT_FALSE(report->applied);
    EXPECT_EQ(*engine->StateHash(Late()), *before);
    const Status why = engine->Diagnose(*report, Late());
    EXPECT_EQ(why.code(), StatusCode::kNonFinite) << why;
    EXPECT_THAT(why.message(), HasSubstr("lane 2"));
  });
}

}  // namespace
}  // namespace lockstep::worker
