// SPDX-License-Identifier: Apache-2.0
#include "graph/tasks/classification/counts.h"

#include "ops/metric/class_counts/class_counts.h"
#include "ops/metric/confusion_matrix/confusion_matrix.h"
#include "ops/metric/top_k_correct/top_k_correct.h"

namespace lockstep::graph::classification {
namespace {

constexpr char kConfusion[] = "confusion";       // i64 [C, C]
constexpr char kClassCounts[] = "class_counts";  // i64 [3, C]
constexpr char kInTopK[] = "in_top_k";           // i64 []

Result<const SumTotal*> Find(const Gathered& gathered, const char* name, int64_t rank) {
  const SumTotal* sum = gathered.Find(name);
  if (sum != nullptr && sum->shape.rank() == rank &&
      static_cast<int64_t>(sum->i64.size()) == sum->shape.elements()) {
    return sum;
  }
  return Internal(std::string("an evaluation gave no sum '") + name + "' of integers of rank " +
                  std::to_string(rank));
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

}  // namespace

void AddCounts(TaskBuilder& builder, Value logits, Value labels) {
  if (!logits.valid() || !labels.valid()) return;
  ops::Emitter* const e = builder.emit("metrics");
  if (e->TypeOf(logits).shape[1] <= kMostInConfusion) {
    builder.Sum(kConfusion, ops::ConfusionMatrix(e, logits, labels));
  } else {
    builder.Sum(kClassCounts, ops::ClassCounts(e, logits, labels));
  }
  builder.Sum(kInTopK, ops::TopKCorrect(e, logits, labels, {.k = kTopK}));
}

Result<Counts> CountsOf(const Gathered& gathered) {
  Counts counts;
  counts.samples = gathered.samples;
  ASSIGN_OR_RETURN(const SumTotal* in_top_k, Find(gathered, kInTopK, 0));
  counts.in_top_k = in_top_k->i64[0];
  if (gathered.Find(kConfusion) != nullptr) {
    ASSIGN_OR_RETURN(const SumTotal* sum, Find(gathered, kConfusion, 2));
    TakeConfusion(*sum, &counts);
  } else {
    ASSIGN_OR_RETURN(const SumTotal* sum, Find(gathered, kClassCounts, 2));
    TakeClassCounts(*sum, &counts);
  }
  return counts;
}

}  // namespace lockstep::graph::classification
