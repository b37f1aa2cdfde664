// SPDX-License-Identifier: Apache-2.0
#include "storage/order/epoch_order.h"

#include <algorithm>
#include <string>

#include "base/philox.h"

namespace lockstep::storage {
namespace {

constexpr int64_t kMaxWindow = int64_t{1} << 24;
constexpr int64_t kMaxSamples = int64_t{1} << 31;  // products of two such numbers fit

int64_t CeilDiv(int64_t a, int64_t b) { return a / b + (a % b != 0); }

Status Refuse(std::string_view what, int64_t value, std::string_view expected) {
  return InvalidArgument("epoch order: " + std::string(what) + " is " + std::to_string(value) +
                         ", expected " + std::string(expected));
}

void CheckValid(const OrderSpec& spec) {
  const Status status = Validate(spec);
  CHECK(status.ok()) << status;
}

int64_t WindowSize(const OrderSpec& spec) { return spec.window_shards * spec.shard_size; }

}  // namespace

Status Validate(const OrderSpec& spec) {
  if (spec.samples <= 0) return Refuse("the number of samples", spec.samples, "at least 1");
  if (spec.shard_size <= 0) return Refuse("the shard size", spec.shard_size, "at least 1");
  if (spec.window_shards <= 0) return Refuse("window_shards", spec.window_shards, "at least 1");
  if (spec.lanes <= 0) return Refuse("the number of lanes", spec.lanes, "at least 1");
  if (spec.lane_batch <= 0) return Refuse("lane_batch", spec.lane_batch, "at least 1");
  if (spec.window_shards > kMaxWindow / spec.shard_size) {
    return Refuse("window_shards", spec.window_shards,
                  "at most 2^24 samples a window, so at most " +
                      std::to_string(kMaxWindow / spec.shard_size) + " shards of " +
                      std::to_string(spec.shard_size) + " samples");
  }
  if (spec.samples > kMaxSamples) {
    return Refuse("the number of samples", spec.samples, "at most 2^31 in a split");
  }
  return OkStatus();
}

int64_t StepsPerEpoch(const OrderSpec& spec) {
  CheckValid(spec);
  return CeilDiv(CeilDiv(spec.samples, spec.lanes), spec.lane_batch);
}

Range LaneRange(const OrderSpec& spec, Lane lane) {
  CheckValid(spec);
  CHECK(lane.value >= 0 && lane.value < spec.lanes) << "lane " << lane << " of " << spec.lanes;
  return PartOf(spec.samples, spec.lanes, lane.value);
}

Range RowRange(const OrderSpec& spec, Lane lane, int64_t step_in_epoch) {
  const int64_t steps = StepsPerEpoch(spec);
  CHECK(step_in_epoch >= 0 && step_in_epoch < steps) << "step " << step_in_epoch << " of " << steps;
  return PartOf(LaneRange(spec, lane).size(), steps, step_in_epoch);
}

int64_t RowsOf(const OrderSpec& spec, Lane lane, int64_t step_in_epoch) {
  return RowRange(spec, lane, step_in_epoch).size();
}

std::vector<int64_t> RowCounts(const OrderSpec& spec) {
  const int64_t steps = StepsPerEpoch(spec);
  // Lanes have floor(N/V) or ceil(N/V) positions; the parts of n have floor(n/T) or ceil(n/T).
  std::vector<int64_t> counts;
  for (const int64_t n : {spec.samples / spec.lanes, CeilDiv(spec.samples, spec.lanes)}) {
    for (const int64_t rows : {n / steps, CeilDiv(n, steps)}) {
      if (rows > 0) counts.push_back(rows);
    }
  }
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  return counts;
}

EpochOrder::EpochOrder(const OrderSpec& spec, Epoch epoch) : spec_(spec), epoch_(epoch) {
  CheckValid(spec);
  CHECK_GE(epoch.value, 0);
  const PhiloxKey key = StreamKey(spec.seed, "shard");
  const auto count = static_cast<uint32_t>(CeilDiv(spec.samples, spec.shard_size));
  const auto e = static_cast<uint32_t>(epoch.value);
  shards_ = Shuffled(count, [&](uint32_t i, uint32_t attempt) {
    return Philox4x32({e, i, 0, attempt}, key)[0];
  });
  short_shard_ = std::find(shards_.begin(), shards_.end(), count - 1) - shards_.begin();
}

int64_t EpochOrder::StartOf(int64_t k) const {
  const int64_t missing = static_cast<int64_t>(shards_.size()) * spec_.shard_size - spec_.samples;
  return k * spec_.shard_size - (k > short_shard_ ? missing : 0);
}

// Walks the permuted shards that overlap `positions`.
void EpochOrder::AppendRuns(Range positions, std::vector<IdRun>* runs) const {
  int64_t k = positions.begin / spec_.shard_size;  // at most one shard too low: one shard is short
  for (int64_t p = positions.begin; p < positions.end;) {
    while (StartOf(k + 1) <= p) ++k;
    const int64_t end = std::min(positions.end, StartOf(k + 1));
    const uint64_t shard_first =
        uint64_t{shards_[static_cast<size_t>(k)]} * static_cast<uint64_t>(spec_.shard_size);
    runs->push_back({shard_first + static_cast<uint64_t>(p - StartOf(k)), end - p});
    p = end;
  }
}

int64_t EpochOrder::WindowsOf(Lane lane) const {
  return CeilDiv(LaneRange(spec_, lane).size(), WindowSize(spec_));
}

std::vector<IdRun> EpochOrder::WindowRuns(Lane lane, int64_t window) const {
  CHECK(window >= 0 && window < WindowsOf(lane)) << "window " << window << " of " << lane;
  const Range own = LaneRange(spec_, lane);
  const int64_t begin = own.begin + window * WindowSize(spec_);
  std::vector<IdRun> runs;
  AppendRuns({begin, std::min(own.end, begin + WindowSize(spec_))}, &runs);
  return runs;
}

std::vector<uint64_t> EpochOrder::WindowIds(Lane lane, int64_t window) const {
  std::vector<uint64_t> ids;
  for (const IdRun& run : WindowRuns(lane, window)) {
    for (int64_t i = 0; i < run.count; ++i) ids.push_back(run.first + static_cast<uint64_t>(i));
  }
  const PhiloxKey key = StreamKey(spec_.seed, "window");
  const auto e = static_cast<uint32_t>(epoch_.value);
  const auto l = static_cast<uint32_t>(lane.value);
  const auto order = Shuffled(static_cast<uint32_t>(ids.size()), [&](uint32_t i, uint32_t attempt) {
    return Philox4x32({e, l, static_cast<uint32_t>(window), i + (attempt << 24)}, key)[0];
  });
  std::vector<uint64_t> permuted;
  permuted.reserve(ids.size());
  for (const uint32_t k : order) permuted.push_back(ids[k]);
  return permuted;
}

std::vector<uint64_t> EpochOrder::LaneIds(Lane lane) const {
  std::vector<uint64_t> ids;
  ids.reserve(static_cast<size_t>(LaneRange(spec_, lane).size()));
  for (int64_t w = 0; w < WindowsOf(lane); ++w) {
    for (const uint64_t id : WindowIds(lane, w)) ids.push_back(id);
  }
  return ids;
}

std::vector<uint64_t> EpochOrder::LaneBatch(Lane lane, int64_t step_in_epoch) const {
  return LaneOrder(std::make_shared<EpochOrder>(*this), lane).Batch(step_in_epoch);
}

std::vector<uint64_t> LaneOrder::Batch(int64_t step_in_epoch) {
  const Range rows = RowRange(order_->spec(), lane_, step_in_epoch);
  const int64_t size = WindowSize(order_->spec());
  std::vector<uint64_t> ids;
  ids.reserve(static_cast<size_t>(rows.size()));
  for (int64_t position = rows.begin; position < rows.end; ++position) {
    if (position / size != window_) {
      window_ = position / size;
      ids_ = order_->WindowIds(lane_, window_);
    }
    ids.push_back(ids_[static_cast<size_t>(position % size)]);
  }
  return ids;
}

}  // namespace lockstep::storage
