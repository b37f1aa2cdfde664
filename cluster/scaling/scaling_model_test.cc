// SPDX-License-Identifier: Apache-2.0
// The fit, on measurements that were made up with known constants.
#include "cluster/scaling/scaling_model.h"

#include <gtest/gtest.h>

#include <cmath>

namespace lockstep::cluster {
namespace {

Workload ResNet(int32_t machine_cores) {
  return {.parameter_bytes = 47'000'000,
          .buckets = 2,
          .running_state = true,
          .rank_cores = 1,
          .lanes_at_once = 1,
          .machine_cores = machine_cores};
}

ScalingModel Known() {
  ScalingModel model;
  model.lane_ms = 37.0;
  model.crowd = 0.2;
  model.fixed_ms = 5.0;
  model.latency_ms = 0.02;
  model.ms_per_mb = 0.3;
  model.overlap = 0.25;
  model.sync_ms = 0.8;
  model.hash_ms = 6.0;
  model.hash_fixed_ms = 0.3;
  model.input_ms = 0.1;
  return model;
}

// What a machine with these constants would measure; `noise` is the part of a time by which
// measurements are wrong, now up, now down.
std::vector<MeasuredPoint> Measure(const Workload& work, const ScalingModel& known,
                                   const std::vector<Arrangement>& where, double noise) {
  std::vector<MeasuredPoint> points;
  double sign = 1.0;
  const auto wrong = [&](double value) {
    sign = -sign;
    return value * (1.0 + sign * noise);
  };
  for (const Arrangement& at : where) {
    const StepTime time = known.Predict(work, at);
    MeasuredPoint point{.at = at};
    point.compute = wrong(time.compute);
    point.digest = wrong(time.digest);
    point.input = time.input;
    point.exposed = time.exchange;
    // Hidden is such a part of all that the stream does.
    point.hidden = time.exchange * known.overlap / (1.0 - known.overlap);
    const double peers = at.ranks - 1;
    for (const double bytes : {64.0, 262144.0, 4194304.0}) {
      if (at.ranks == 1) break;
      point.messages.push_back(
          {bytes, wrong(peers * (known.latency_ms + known.ms_per_mb * bytes * 1e-6))});
    }
    points.push_back(point);
  }
  return points;
}

void ExpectWithin(double found, double known, double part, const char* what) {
  EXPECT_NEAR(found, known, part * known) << what;
}

void ExpectRecovered(const ScalingModel& found, const ScalingModel& known, double part) {
  ExpectWithin(found.lane_ms, known.lane_ms, part, "lane_ms");
  ExpectWithin(found.latency_ms, known.latency_ms, part, "latency_ms");
  ExpectWithin(found.ms_per_mb, known.ms_per_mb, part, "ms_per_mb");
  ExpectWithin(found.overlap, known.overlap, part, "overlap");
  ExpectWithin(found.hash_ms, known.hash_ms, part, "hash_ms");
  ExpectWithin(found.input_ms, known.input_ms, part, "input_ms");
}

const std::vector<Arrangement> kStrongAndWeak = {{1, 8}, {2, 8}, {4, 8}, {1, 2}, {2, 4}, {4, 8}};

TEST(ScalingModelTest, KnownConstantsAreFoundAgain) {
  const Workload work = ResNet(/*machine_cores=*/4);
  const ScalingModel found = FitModel(work, Measure(work, Known(), kStrongAndWeak, 0.0));
  ExpectRecovered(found, Known(), 1e-6);
  ExpectWithin(found.crowd, 0.2, 1e-6, "crowd");
  ExpectWithin(found.fixed_ms, 5.0, 1e-6, "fixed_ms");
  ExpectWithin(found.hash_fixed_ms, 0.3, 1e-6, "hash_fixed_ms");
}

TEST(ScalingModelTest, KnownConstantsAreFoundWithinFivePercentInNoisyMeasurements) {
  const Workload work = ResNet(/*machine_cores=*/4);
  const ScalingModel found = FitModel(work, Measure(work, Known(), kStrongAndWeak, 0.005));
  ExpectRecovered(found, Known(), 0.05);
  for (const Arrangement at : {Arrangement{8, 8}, Arrangement{16, 64}}) {
    const double expected = Known().Predict(work, at).total();
    ExpectWithin(found.Predict(work, at).total(), expected, 0.05, "a larger W");
  }
}

TEST(ScalingModelTest, TwoRanksOnTwoCoresPredictOversubscribedOnes) {
  const Workload work = ResNet(/*machine_cores=*/2);
  const auto points = Measure(work, Known(), {{1, 8}, {2, 8}, {1, 4}, {2, 4}}, 0.0);
  const ScalingModel found = FitModel(work, points);
  for (const int32_t ranks : {4, 8}) {
    ExpectWithin(found.Predict(work, {ranks, 8}).total(), Known().Predict(work, {ranks, 8}).total(),
                 0.01, "oversubscribed");
  }
}

TEST(ScalingModelTest, OversubscribedRanksShareCores) {
  const Workload work = ResNet(/*machine_cores=*/2);
  const ScalingModel model = Known();
  // Four ranks have half the lanes of two, and half a core each.
  EXPECT_NEAR(model.Predict(work, {4, 8}).compute - 2 * model.fixed_ms,
              model.Predict(work, {2, 8}).compute - model.fixed_ms, 1e-9);
}

TEST(ScalingModelTest, SubtreesCostBytes) {
  // exactness.md 4: reduce moves T / W times a ring's.
  EXPECT_EQ(SubtreesOf({4, 8}), 4);
  EXPECT_DOUBLE_EQ(static_cast<double>(SubtreesOf({3, 8})) / 3, 5.0 / 3);
  Workload work = ResNet(64);
  ScalingModel model;
  model.ms_per_mb = 1.0;
  const double megabytes = 47.0;
  EXPECT_NEAR(model.Predict(work, {4, 8}).exchange, megabytes * 3 / 4 * 2.0, 1e-9);
  EXPECT_NEAR(model.Predict(work, {3, 8}).exchange, megabytes * 2 / 3 * (1 + 5.0 / 3), 1e-9);
}

TEST(ScalingModelTest, ANetworkIsPaidForByWhatLeavesAMachine) {
  const Workload work = ResNet(64);
  ScalingModel model;
  model.ms_per_mb = 0.01;
  const Network network = {.latency_ms = 0.002, .gb_per_second = 25.0, .ranks_per_node = 4};
  const double here = model.Predict(work, {4, 16}).exchange;
  EXPECT_NEAR(model.Predict(work, {4, 16}, network).exchange, here, 1e-9)
      << "one machine is enough";
  const double there = model.Predict(work, {8, 16}, network).exchange;
  // 4 ranks send 47 MB * 7/8 * 2 each, 4/7 of it elsewhere.
  const double sent = 4 * 47.0 * 7 / 8 * 2 * 4 / 7 / 25.0;
  const double latency = 0.002 * (1 + 4 + 2) * 4;
  const double inside = 0.01 * 47.0 * 7 / 8 * 2 * 3 / 7;
  EXPECT_NEAR(there, sent + latency + inside, 1e-9);
}

TEST(ScalingModelTest, OneRankAloneSaysNothingOfTheExchange) {
  const Workload work = ResNet(2);
  const ScalingModel found = FitModel(work, Measure(work, Known(), {{1, 8}}, 0.0));
  EXPECT_EQ(found.latency_ms, 0.0);
  EXPECT_EQ(found.sync_ms, 0.0);
  ExpectWithin(found.Predict(work, {1, 8}).total(), Known().Predict(work, {1, 8}).total(), 1e-6,
               "the same again");
}

}  // namespace
}  // namespace lockstep::cluster
