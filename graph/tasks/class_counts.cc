// SPDX-License-Identifier: Apache-2.0
#include "graph/tasks/class_counts.h"

#include <string>

#include "ops/metric/class_counts/class_counts.h"
#include "ops/metric/confusion_matrix/confusion_matrix.h"

namespace lockstep::graph {
namespace {

constexpr char kConfusion[] = "confusion";       // i64 [C, C]
constexpr char kClassCounts[] = "class_counts";  // i64 [3, C]

// Whether it is a matrix of integers of so many rows; 0: as many as columns.
bool IsMatrix(const SumTotal* sum, int64_t rows) {
  return sum != nullptr && sum->shape.rank() == 2 &&
         sum->shape[0] == (rows > 0 ? rows : sum->shape[1]) &&
         static_cast<int64_t>(sum->i64.size()) == sum->shape.elements();
}

ClassCounts OfConfusion(const SumTotal& sum) {
  const auto classes = static_cast<size_t>(sum.shape[0]);
  ClassCounts counts;
  counts.hits.resize(classes);
  counts.predicted.resize(classes);
  counts.actual.resize(classes);
  counts.confusion.assign(classes, std::vector<int64_t>(classes));
  for (size_t actual = 0; actual < classes; ++actual) {
    for (size_t predicted = 0; predicted < classes; ++predicted) {
      const int64_t count = sum.i64[actual * classes + predicted];
      counts.confusion[actual][predicted] = count;
      counts.actual[actual] += count;
      counts.predicted[predicted] += count;
    }
    counts.hits[actual] = counts.confusion[actual][actual];
  }
  return counts;
}

ClassCounts OfClassCounts(const SumTotal& sum) {
  const auto begin = sum.i64.begin();
  const int64_t classes = sum.shape[1];
  ClassCounts counts;
  counts.hits.assign(begin, begin + classes);
  counts.predicted.assign(begin + classes, begin + 2 * classes);
  counts.actual.assign(begin + 2 * classes, begin + 3 * classes);
  return counts;
}

}  // namespace

void AddClassCounts(TaskBuilder& builder, Value logits, Value labels) {
  if (!logits.valid() || !labels.valid()) return;
  ops::Emitter* const e = builder.emit("metrics");
  if (e->TypeOf(logits).shape[1] <= kMostInConfusion) {
    builder.Sum(kConfusion, ops::ConfusionMatrix(e, logits, labels));
  } else {
    builder.Sum(kClassCounts, ops::ClassCounts(e, logits, labels));
  }
}

Result<ClassCounts> ClassCountsOf(const Gathered& gathered) {
  if (const SumTotal* sum = gathered.Find(kConfusion); IsMatrix(sum, /*rows=*/0)) {
    return OfConfusion(*sum);
  }
  if (const SumTotal* sum = gathered.Find(kClassCounts); IsMatrix(sum, /*rows=*/3)) {
    return OfClassCounts(*sum);
  }
  return Internal(std::string("an evaluation gave no matrix of integers '") + kConfusion +
                  "' or '" + kClassCounts + "'");
}

double Ratio(int64_t part, int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace lockstep::graph
