// SPDX-License-Identifier: Apache-2.0
#include "storage/order/eval_order.h"

#include <algorithm>
#include <string>

namespace lockstep::storage {
namespace {

void CheckValid(const EvalSpec& spec) {
  const Status status = Validate(spec);
  CHECK(status.ok()) << status;
}

}  // namespace

Status Validate(const EvalSpec& spec) {
  const auto refuse = [](const char* what, int64_t value) {
    return InvalidArgument("evaluation order: " + std::string(what) + " is " +
                           std::to_string(value) + ", expected at least 1");
  };
  if (spec.samples <= 0) return refuse("the number of samples", spec.samples);
  if (spec.lanes <= 0) return refuse("the number of lanes", spec.lanes);
  if (spec.eval_batch <= 0) return refuse("eval.batch", spec.eval_batch);
  return OkStatus();
}

Range LaneRange(const EvalSpec& spec, Lane lane) {
  CheckValid(spec);
  CHECK(lane.value >= 0 && lane.value < spec.lanes) << "lane " << lane << " of " << spec.lanes;
  return PartOf(spec.samples, spec.lanes, lane.value);
}

int64_t BatchesOf(const EvalSpec& spec, Lane lane) {
  const int64_t n = LaneRange(spec, lane).size();
  return n / spec.eval_batch + (n % spec.eval_batch != 0);
}

Range BatchRange(const EvalSpec& spec, Lane lane, int64_t index) {
  CHECK(index >= 0 && index < BatchesOf(spec, lane)) << "batch " << index << " of lane " << lane;
  const Range own = LaneRange(spec, lane);
  const int64_t begin = own.begin + index * spec.eval_batch;
  return {begin, std::min(own.end, begin + spec.eval_batch)};
}

std::vector<int64_t> RowCounts(const EvalSpec& spec) {
  CheckValid(spec);
  std::vector<int64_t> counts;
  const int64_t shortest = spec.samples / spec.lanes;
  for (const int64_t n : {shortest, shortest + (spec.samples % spec.lanes != 0)}) {
    if (n >= spec.eval_batch) counts.push_back(spec.eval_batch);
    if (n % spec.eval_batch != 0) counts.push_back(n % spec.eval_batch);
  }
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  return counts;
}

}  // namespace lockstep::storage
