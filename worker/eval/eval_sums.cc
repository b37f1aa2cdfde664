// SPDX-License-Identifier: Apache-2.0
#include "worker/eval/eval_sums.h"

#include <cstring>
#include <string>

#include "graph/program/program.h"

namespace lockstep::worker {
namespace {

// The elements of a result, added to the numbers from `at` on.
template <typename T>
void AddElements(const void* values, int64_t elements, T* at) {
  const T* v = static_cast<const T*>(values);
  for (int64_t i = 0; i < elements; ++i) at[i] += v[i];
}

// The next `elements` of `all`, from `at` on.
template <typename T>
std::vector<T> Take(const std::vector<T>& all, int64_t elements, size_t* at) {
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(*at);
  *at += static_cast<size_t>(elements);
  return std::vector<T>(begin, begin + elements);
}

}  // namespace

EvalSums::EvalSums(const graph::Plan* plan)
    : plan_(plan),
      numerator_(plan->ResultIndex(graph::kNumerator)),
      denominator_(plan->ResultIndex(graph::kDenominator)) {
  for (size_t i = 0; i < plan->results.size(); ++i) {
    if (plan->results[i].name.starts_with(graph::kSumPrefix)) sums_.push_back(i);
  }
}

comm::SumRow EvalSums::EmptyLane() const {
  size_t doubles = kFirstSum;
  for (size_t i : sums_) {
    const TensorType& type = plan_->results[i].type;
    if (type.dtype == DType::kFloat64) doubles += static_cast<size_t>(type.shape.elements());
  }
  return {.f64 = std::vector<double>(doubles, 0.0), .i64 = std::vector<int64_t>(kLaneCounts, 0)};
}

comm::SumRow EvalSums::EmptyCounts() const {
  size_t counts = 0;
  for (size_t i : sums_) {
    const TensorType& type = plan_->results[i].type;
    if (type.dtype == DType::kInt64) counts += static_cast<size_t>(type.shape.elements());
  }
  return {.f64 = {}, .i64 = std::vector<int64_t>(counts, 0)};
}

void EvalSums::Add(const std::vector<void*>& results, comm::SumRow* lane,
                   comm::SumRow* counts) const {
  AddElements(results[numerator_], 1, &lane->f64[kNumerator]);
  AddElements(results[denominator_], 1, &lane->f64[kDenominator]);
  double* f64 = lane->f64.data() + kFirstSum;
  int64_t* i64 = counts->i64.data();
  for (size_t i : sums_) {
    const TensorType& type = plan_->results[i].type;
    const int64_t elements = type.shape.elements();
    if (type.dtype == DType::kFloat64) {
      AddElements(results[i], elements, f64);
      f64 += elements;
    } else {
      AddElements(results[i], elements, i64);
      i64 += elements;
    }
  }
}

graph::Gathered EvalSums::Gather(const comm::SumRow& lanes, const comm::SumRow& counts) const {
  graph::Gathered gathered;
  gathered.samples = lanes.i64[kRows];
  size_t f64 = kFirstSum, i64 = 0;
  for (size_t i : sums_) {
    const graph::PlanResult& result = plan_->results[i];
    const int64_t elements = result.type.shape.elements();
    graph::SumTotal total;
    total.name = result.name.substr(graph::kSumPrefix.size());
    total.shape = result.type.shape;
    if (result.type.dtype == DType::kFloat64) {
      total.f64 = Take(lanes.f64, elements, &f64);
    } else {
      total.i64 = Take(counts.i64, elements, &i64);
    }
    gathered.sums.push_back(std::move(total));
  }
  return gathered;
}

}  // namespace lockstep::worker
