// SPDX-License-Identifier: Apache-2.0
#include "graph/tasks/classification/metrics.h"

#include <numeric>

namespace lockstep::graph::classification {
namespace {

constexpr std::string_view kAcc1 = "acc1";

// The share of samples whose largest logit is at their class.
double Acc1(const Counts& counts) {
  return Ratio(std::accumulate(counts.hits.begin(), counts.hits.end(), int64_t{0}), counts.samples);
}

// The share of samples whose class is among the five largest logits: 1 with five classes or fewer.
double Acc5(const Counts& counts) { return Ratio(counts.in_top_k, counts.samples); }

// The mean recall of the classes that occur, in their order; 0 where none does.
double BalancedAccuracy(const Counts& counts) {
  double sum = 0.0;
  int64_t occurring = 0;
  for (size_t i = 0; i < counts.actual.size(); ++i) {
    if (counts.actual[i] == 0) continue;
    sum += Ratio(counts.hits[i], counts.actual[i]);
    ++occurring;
  }
  return occurring == 0 ? 0.0 : sum / static_cast<double>(occurring);
}

}  // namespace

const std::vector<MetricRule>& MetricRules() {
  static const std::vector<MetricRule> kRules = {
      {kAcc1, Acc1, true, kFractionUnit},
      {"acc5", Acc5, true, kFractionUnit},
      {"balanced_accuracy", BalancedAccuracy, true, kFractionUnit},
  };
  return kRules;
}

std::string_view Primary() { return kAcc1; }

ClassScores ScoresOf(const Counts& counts, size_t index) {
  const int64_t hits = counts.hits[index];
  const int64_t predicted = counts.predicted[index], actual = counts.actual[index];
  return {Ratio(hits, predicted), Ratio(hits, actual), Ratio(2 * hits, predicted + actual)};
}

}  // namespace lockstep::graph::classification
