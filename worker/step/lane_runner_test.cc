// SPDX-License-Identifier: Apache-2.0
// The sums a rank hands to the exchange: what empty and short lanes leave in them, and that nothing
// of an earlier step does.
#include "worker/step/lane_runner.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

#include "worker/model/testing/small_model.h"

namespace lockstep::worker {
namespace {

class LaneRunnerTest : public testing::Test {
 protected:
  static constexpr int32_t kLanes = 4;

  // A runner of all lanes, `at_once` at a time, over a state of its own.
  struct Setup {
    Setup(const SmallModel& model, int32_t at_once)
        : state(model.State(1)),
          workspaces(*LaneWorkspaces::Make(*model, at_once)),
          runner(*LaneRunner::Make(model.get(), &state, workspaces.get(),
                                   {{0, kLanes}, kLanes, /*seed=*/3})) {}
    ModelState state;
    std::unique_ptr<LaneWorkspaces> workspaces;
    std::unique_ptr<LaneRunner> runner;
  };

  storage::StepBatch Step(std::initializer_list<int64_t> rows, int64_t step = 0) const {
    storage::StepBatch batch;
    batch.step = lockstep::Step(step);
    for (int64_t n : rows) {
      batch.lanes.push_back(model_.Batch(static_cast<int32_t>(batch.lanes.size()), n));
    }
    return batch;
  }

  std::vector<float> Gradient(const Setup& setup) const {
    EXPECT_EQ(setup.runner->gradients().size(), 1u) << "four lanes of one rank are one subtree";
    const float* sum = static_cast<const float*>(setup.runner->gradients()[0]);
    return {sum, sum + (*model_).space().elements()};
  }
  std::vector<double> Statistics(const Setup& setup) const {
    const double* sum = static_cast<const double*>(setup.runner->statistics()[0]);
    return {sum, sum + (*model_).running_space().elements()};
  }

  SmallModel model_{SmallModel::Options()};
};

TEST_F(LaneRunnerTest, NothingOfAnEarlierStepStaysInTheSums) {
  Setup fresh(model_, 1), used(model_, 1);
  ASSERT_TRUE(used.runner->Run(Step({4, 4, 4, 4})).ok());
  for (const auto& rows :
       {std::initializer_list<int64_t>{0, 3, 0, 2}, {2, 0, 0, 0}, {0, 0, 0, 1}}) {
    ASSERT_TRUE(fresh.runner->Run(Step(rows, 1)).ok());
    ASSERT_TRUE(used.runner->Run(Step(rows, 1)).ok());
    EXPECT_EQ(Gradient(used), Gradient(fresh));
    EXPECT_EQ(Statistics(used), Statistics(fresh));
    EXPECT_EQ(used.runner->rows(), fresh.runner->rows());
    ASSERT_TRUE(used.runner->Run(Step({4, 4, 4, 4}, 2)).ok());
  }
}

TEST_F(LaneRunnerTest, AStepOfEmptyLanesGivesPositiveZeros) {
  Setup setup(model_, 2);
  ASSERT_TRUE(setup.runner->Run(Step({4, 4, 4, 4})).ok());
  ASSERT_TRUE(setup.runner->Run(Step({0, 0, 0, 0})).ok());
  for (float g : Gradient(setup)) EXPECT_EQ(std::bit_cast<uint32_t>(g), 0u);
  for (double s : Statistics(setup)) EXPECT_EQ(std::bit_cast<uint64_t>(s), 0u);
  for (const comm::SumRow& row : setup.runner->rows()) EXPECT_EQ(row, setup.runner->EmptyRow(0));
}

TEST_F(LaneRunnerTest, PaddingOfTheSumIsZeroAndEveryTensorHasAGradient) {
  Setup setup(model_, 1);
  ASSERT_TRUE(setup.runner->Run(Step({4, 3, 4, 3})).ok());
  const std::vector<float> sum = Gradient(setup);
  for (const graph::Segment& segment : (*model_).space().segments()) {
    float most = 0.0f;
    for (int64_t i = 0; i < segment.padded_elements; ++i) {
      const float g = sum[static_cast<size_t>(segment.offset + i)];
      if (i >= segment.elements) {
        EXPECT_EQ(std::bit_cast<uint32_t>(g), 0u);
      }
      most = std::max(most, std::abs(g));
    }
    EXPECT_GT(most, 0.0f) << (*model_).program().parameters()[size_t(segment.tensor)].name;
  }
}

TEST_F(LaneRunnerTest, LanesAtOnceDoNotChangeABit) {
  Setup one(model_, 1);
  ASSERT_TRUE(one.runner->Run(Step({4, 3, 0, 2}, 5)).ok());
  for (int32_t at_once : {2, 3, 4}) {
    Setup several(model_, at_once);
    ASSERT_TRUE(several.runner->Run(Step({4, 3, 0, 2}, 5)).ok());
    EXPECT_EQ(Gradient(several), Gradient(one)) << at_once;
    EXPECT_EQ(Statistics(several), Statistics(one)) << at_once;
    EXPECT_EQ(several.runner->rows(), one.runner->rows()) << at_once;
  }
}

TEST_F(LaneRunnerTest, TheSumIsThatOfTheLanesRunAlone) {
  Setup setup(model_, 1);
  std::vector<std::vector<float>> alone;
  for (int32_t lane = 0; lane < kLanes; ++lane) {
    storage::StepBatch step = Step({0, 0, 0, 0});
    step.lanes[static_cast<size_t>(lane)] = model_.Batch(lane, 4);
    ASSERT_TRUE(setup.runner->Run(step).ok());
    alone.push_back(Gradient(setup));
  }
  ASSERT_TRUE(setup.runner->Run(Step({4, 4, 4, 4})).ok());
  const std::vector<float> sum = Gradient(setup);
  for (size_t i = 0; i < sum.size(); ++i) {
    ASSERT_EQ(sum[i], (alone[0][i] + alone[1][i]) + (alone[2][i] + alone[3][i])) << i;
  }
}

TEST_F(LaneRunnerTest, RowsHaveLossPairHitsAndRows) {
  Setup setup(model_, 1);
  ASSERT_TRUE(setup.runner->Run(Step({4, 1, 0, 3})).ok());
  const auto& rows = setup.runner->rows();
  for (const auto& [lane, n] : {std::pair<size_t, int64_t>{0, 4}, {1, 1}, {3, 3}}) {
    EXPECT_GT(rows[lane].f64[kTotalNumerator], 0.0);
    EXPECT_EQ(rows[lane].f64[kTotalDenominator], static_cast<double>(n));
    EXPECT_EQ(rows[lane].i64[kTotalRows], n);
    EXPECT_EQ(rows[lane].i64[kTotalNonFinite], 0);
  }
}

TEST_F(LaneRunnerTest, StatisticsCountElementsOfLanesThatHaveTwo) {
  Setup setup(model_, 1);
  ASSERT_TRUE(setup.runner->Run(Step({4, 1, 0, 3})).ok());
  const RunningSpace& space = (*model_).running_space();
  const std::vector<double> sums = Statistics(setup);
  EXPECT_EQ(sums[static_cast<size_t>(space.CountAt(0))], 8 * 16);  // 8 rows of 4 x 4 positions
  EXPECT_EQ(sums[static_cast<size_t>(space.CountAt(1))], 8 * 4);   // of 2 x 2
}

TEST_F(LaneRunnerTest, ABadLossIsCountedAndItsFirstLayerFound) {
  Setup setup(model_, 2);
  storage::StepBatch step = Step({4, 4, 0, 4}, 7);
  ASSERT_TRUE(setup.runner->Run(step).ok());
  EXPECT_TRUE(setup.runner->DiagnoseNonFinite(step).ok()) << "all is finite";
  step.lanes[3].Tensor(storage::kImageTensor).as<float>()[5] =
      std::numeric_limits<float>::infinity();
  ASSERT_TRUE(setup.runner->Run(step).ok());
  for (size_t lane = 0; lane < 4; ++lane) {
    EXPECT_EQ(setup.runner->rows()[lane].i64[kTotalNonFinite], lane == 3 ? 1 : 0) << lane;
  }
  const Status status = setup.runner->DiagnoseNonFinite(step);
  EXPECT_EQ(status.code(), StatusCode::kNonFinite);
  EXPECT_NE(status.message().find("step 8, lane 3: layer 'block1/conv'"), std::string::npos)
      << status;
}

// Only the class of the first row has a logit of -infinity: its loss is +infinity, and nothing is a
// NaN.
TEST_F(LaneRunnerTest, AnInfiniteLossIsAsBadAsOneThatIsNoNumber) {
  Setup setup(model_, 1);
  const auto& parameters = (*model_).program().parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i].name != "fc.bias") continue;
    static_cast<float*>(setup.state.Parameter(*model_, i))[0] =
        -std::numeric_limits<float>::infinity();
  }
  ASSERT_TRUE(setup.runner->Run(Step({1, 0, 0, 0})).ok());
  EXPECT_EQ(setup.runner->rows()[0].f64[kTotalNumerator], std::numeric_limits<double>::infinity());
  EXPECT_EQ(setup.runner->rows()[0].i64[kTotalNonFinite], 1);
}

// Backward starts from numerator / lane_batch, whatever the rows: the owner rescales the sum.
TEST(LaneGradient, OfAShortLaneIsScaledByTheFullLaneBatch) {
  std::vector<std::vector<float>> gradients;
  for (int64_t lane_batch : {4, 8}) {
    const SmallModel model(
        {.lane_batch = lane_batch, .lane_rows = {3}, .model_options = {{"dropout", 0.0}}});
    ModelState state = model.State(1);
    const auto workspaces = *LaneWorkspaces::Make(*model, 1);
    const auto runner = *LaneRunner::Make(model.get(), &state, workspaces.get(), {{0, 1}, 1, 0});
    storage::StepBatch step;
    step.lanes.push_back(model.Batch(0, 3));
    ASSERT_TRUE(runner->Run(step).ok());
    const float* sum = static_cast<const float*>(runner->gradients()[0]);
    gradients.emplace_back(sum, sum + (*model).space().elements());
  }
  for (size_t i = 0; i < gradients[0].size(); ++i) {
    ASSERT_EQ(gradients[0][i], 2.0f * gradients[1][i]) << i;  // a power of two: exact
  }
}

}  // namespace
}  // namespace lockstep::worker
