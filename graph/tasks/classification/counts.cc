// SPDX-License-Identifier: Apache-2.0
#include "graph/tasks/classification/counts.h"

#include <string>
#include <utility>

#include "ops/metric/top_k_correct/top_k_correct.h"

namespace lockstep::graph::classification {
namespace {

constexpr char kInTopK[] = "in_top_k";  // i64 []

}  // namespace

void AddCounts(TaskBuilder& builder, Value logits, Value labels) {
  if (!logits.valid() || !labels.valid()) return;
  AddClassCounts(builder, logits, labels);
  builder.Sum(kInTopK, ops::TopKCorrect(builder.emit("metrics"), logits, labels, {.k = kTopK}));
}

Result<Counts> CountsOf(const Gathered& gathered) {
  ASSIGN_OR_RETURN(ClassCounts of_classes, ClassCountsOf(gathered));
  Counts counts;
  static_cast<ClassCounts&>(counts) = std::move(of_classes);
  counts.samples = gathered.samples;
  const SumTotal* const in_top_k = gathered.Find(kInTopK);
  if (in_top_k == nullptr || in_top_k->i64.size() != 1) {
    return Internal(std::string("an evaluation gave no number '") + kInTopK + "'");
  }
  counts.in_top_k = in_top_k->i64[0];
  return counts;
}

}  // namespace lockstep::graph::classification
