// SPDX-License-Identifier: Apache-2.0
// The metrics of multi-label classification, as functions of the scores of all samples.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/tasks/task.h"

namespace lockstep::graph::multi_label {

// The samples of a split in the order of their ids, label by label.
struct Scores {
  size_t labels = 0, samples = 0;
  std::vector<double> score;  // [labels, samples]: logits
  std::vector<uint8_t> has;   // [labels, samples]: 1 where the sample has the label
};

// Bytes of a sample for each label: its score, and whether it has the label.
inline constexpr int64_t kBytesOfLabel = 9;
// Internal where the rows are not of one number of labels.
Result<Scores> ReadScores(const std::vector<SampleRow>& rows);

// Average precision of one label: with the samples in the order of falling scores, the sum over all
// distinct scores of (recall there - recall before) precision there, as scikit-learn's
// average_precision_score. Samples of one score are taken together, so their order does not matter.
// 0 where no sample has the label. A score that is NaN stands below all numbers.
double AveragePrecision(const Scores& scores, size_t label);

// Of one label at a threshold.
struct LabelCounts {
  int64_t hits = 0, predicted = 0,
          actual = 0;  // samples: taken for it rightly, taken for it, of it
};
// A sample is taken for a label where the probability 1 / (1 + e^-score) is at least `threshold`.
LabelCounts CountsOf(const Scores& scores, size_t label, double threshold);

}  // namespace lockstep::graph::multi_label
