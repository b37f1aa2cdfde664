// SPDX-License-Identifier: Apache-2.0
#include "graph/tasks/segmentation/counts.h"

#include <numeric>

#include "ops/math/reshape/reshape.h"

namespace lockstep::graph::segmentation {
namespace {

constexpr std::string_view kMiou = "miou";

// The mean over the classes that occur or are predicted, in their order; 0 where none is.
double MeanOf(const ClassCounts& counts, double (*of)(const ClassCounts&, size_t)) {
  double sum = 0.0;
  int64_t classes = 0;
  for (size_t i = 0; i < counts.actual.size(); ++i) {
    if (counts.predicted[i] + counts.actual[i] == 0) continue;
    sum += of(counts, i);
    ++classes;
  }
  return classes == 0 ? 0.0 : sum / static_cast<double>(classes);
}

double Miou(const ClassCounts& counts) { return MeanOf(counts, Iou); }
double MeanDice(const ClassCounts& counts) { return MeanOf(counts, Dice); }

// The share of pixels whose largest logit is at their class.
double PixelAccuracy(const ClassCounts& counts) {
  return Ratio(std::accumulate(counts.hits.begin(), counts.hits.end(), int64_t{0}),
               std::accumulate(counts.actual.begin(), counts.actual.end(), int64_t{0}));
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
  AddClassCounts(builder, logits, mask);
}

double Iou(const ClassCounts& counts, size_t index) {
  const int64_t hits = counts.hits[index];
  return Ratio(hits, counts.predicted[index] + counts.actual[index] - hits);
}

double Dice(const ClassCounts& counts, size_t index) {
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
