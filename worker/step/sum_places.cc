// SPDX-License-Identifier: Apache-2.0
#include "worker/step/sum_places.h"

#include "graph/program/program.h"

namespace lockstep::worker {
namespace {

// The elements of a result, added to the numbers from `at` on. Returns the end of those.
template <typename T>
T* AddElements(const void* values, int64_t elements, T* at) {
  const T* v = static_cast<const T*>(values);
  for (int64_t i = 0; i < elements; ++i) at[i] += v[i];
  return at + elements;
}

}  // namespace

SumPlaces::SumPlaces(const graph::Plan* plan) : plan_(plan) {
  for (size_t i = 0; i < plan->results.size(); ++i) {
    const graph::PlanResult& result = plan->results[i];
    if (!result.name.starts_with(graph::kSumPrefix)) continue;
    sums_.push_back(i);
    const auto elements = static_cast<size_t>(result.type.shape.elements());
    (result.type.dtype == DType::kFloat64 ? f64_ : i64_) += elements;
  }
}

void SumPlaces::Add(const std::vector<void*>& results, double* f64, int64_t* i64) const {
  for (size_t i : sums_) {
    const TensorType& type = plan_->results[i].type;
    const int64_t elements = type.shape.elements();
    if (type.dtype == DType::kFloat64) {
      f64 = AddElements(results[i], elements, f64);
    } else {
      i64 = AddElements(results[i], elements, i64);
    }
  }
}

std::vector<graph::SumTotal> SumPlaces::Totals(const double* f64, const int64_t* i64,
                                               int64_t samples) const {
  std::vector<graph::SumTotal> totals;
  for (size_t i : sums_) {
    const graph::PlanResult& result = plan_->results[i];
    const int64_t elements = result.type.shape.elements();
    graph::SumTotal total;
    total.name = result.name.substr(graph::kSumPrefix.size());
    total.shape = result.type.shape;
    total.samples = samples;
    if (result.type.dtype == DType::kFloat64) {
      total.f64.assign(f64, f64 + elements);
      f64 += elements;
    } else {
      total.i64.assign(i64, i64 + elements);
      i64 += elements;
    }
    totals.push_back(std::move(total));
  }
  return totals;
}

}  // namespace lockstep::worker
