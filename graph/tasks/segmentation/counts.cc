// SPDX-License-Identifier: Apache-2.0
#include "graph/tasks/segmentation/counts.h"

#include <numeric>
#include <string>

#include "ops/math/reshape/reshape.h"
#include "ops/metric/class_counts/class_counts.h"
#include "ops/metric/confusion_matrix/confusion_matrix.h"

namespace lockstep::graph::segmentation {
namespace {

constexpr char kConfusion[] = "confusion";       // i64 [C, C]
constexpr char kClassCounts[] = "class_counts";  // i64 [3, C]
constexpr std::string_view kMiou = "miou";

double Ratio(int64_t part, int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

// The mean over the classes that occur or are predicted, in their order; 0 where none is.
double MeanOf(const Counts& counts, double (*of)(const Counts&, size_t)) {
  double sum = 0.0;
  int64_t classes = 0;
  for (size_t i = 0; i < counts.actual.size(); ++i) {
    if (counts.predicted[i] + counts.actual[i] == 0) continue;
    sum += of(counts, i);
    ++classes;
  }
  return classes == 0 ? 0.0 : sum / static_cast<double>(classes);
}

double Miou(const Counts& counts) { return MeanOf(counts, Iou); }
double MeanDice(const Counts& counts) { return MeanOf(counts, Dice); }

// The share of pixels whose largest logit is at their class.
double PixelAccuracy(const Counts& counts) {
  return Ratio(std::accumulate(counts.hits.begin(), counts.hits.end(), int64_t{0}),
               std::accumulate(counts.actual.begin(), counts.actual.end(), int64_t{0}));
}

void TakeConfusion(const SumTotal& sum, Counts* counts) {
  const auto classes = static_cast<size_t>(sum.shape[0]);
  counts->hits.resize(classes);
  counts->predicted.resize(classes);
  counts->actual.resize(classes);
  counts->confusion.assign(classes, std::vector<int64_t>(classes));
  for (size_t actual = 0; actual < classes; ++actual) {
    for (size_t predicted = 0; predicted < classes; ++predicted) {
      const int64_t count = sum.i64[actual * classes + predicted];
      counts->confusion[actual][predicted] = count;
      counts->actual[actual] += count;
      counts->predicted[predicted] += count;
    }
    counts->hits[actual] = counts->confusion[actual][actual];
  }
}

void TakeClassCounts(const SumTotal& sum, Counts* counts) {
  const auto begin = sum.i64.begin();
  const int64_t classes = sum.shape[1];
  counts->hits.assign(begin, begin + classes);
  counts->predicted.assign(begin + classes, begin + 2 * classes);
  counts->actual.assign(begin + 2 * classes, begin + 3 * classes);
}

// Whether it is a matrix of integers.
bool IsMatrix(const SumTotal* sum, int64_t rows) {
  return sum != nullptr && sum->shape.rank() == 2 &&
         sum->shape[0] == (rows > 0 ? rows : sum->shape[1]) &&
         static_cast<int64_t>(sum->i64.size()) == sum->shape.elements();
}

}  // namespace

void AddCounts(TaskBuilder& builder, Value logits, Value mask) {
  if (!logits.valid() || !mask.valid()) return;
  ops::Emitter* const e = builder.emit("metrics");
  const Shape& shape = e->TypeOf(logits).shape;
  if (shape.rank() != 4) return;  // the loss has said so
  const int64_t pixels = shape[0] * shape[1] * shape[2], classes = shape[3];
  logits = ops::Reshape(e, logits, {pixels, classes});
  mask = ops::Reshape(e, mask, {pixels});
  if (classes <= kMostInConfusion) {
    builder.Sum(kConfusion, ops::ConfusionMatrix(e, logits, mask));
  } else {
    builder.Sum(kClassCounts, ops::ClassCounts(e, logits, mask));
  }
}

Result<Counts> CountsOf(const Gathered& gathered) {
  Counts counts;
  const SumTotal* const confusion = gathered.Find(kConfusion);
  const SumTotal* const class_counts = gathered.Find(kClassCounts);
  if (IsMatrix(confusion, /*rows=*/0)) {
    TakeConfusion(*confusion, &counts);
  } else if (IsMatrix(class_counts, /*rows=*/3)) {
    TakeClassCounts(*class_counts, &counts);
  } else {
    return Internal(std::string("an evaluation gave no matrix of integers '") + kConfusion +
                    "' or '" + kClassCounts + "'");
  }
  return counts;
}

double Iou(const Counts& counts, size_t index) {
  const int64_t hits = counts.hits[index];
  return Ratio(hits, counts.predicted[index] + counts.actual[index] - hits);
}

double Dice(const Counts& counts, size_t index) {
  return Ratio(2 * counts.hits[index], counts.predicted[index] + counts.actual[index]);
}

const std::vector<MetricRule>& MetricRules() {
  static const std::vector<MetricRule> kRules = {
      {kMiou, Miou, true, kFractionUnit},
      {"pixel_accuracy", PixelAccuracy, true, kFractionUnit},
      {"mean_dice", MeanDice, true, kFractionUnit},
  };
  return kRules;
}

std::string_view Primary() { return kMiou; }

}  // namespace lockstep::graph::segmentation
