// SPDX-License-Identifier: Apache-2.0
#include "coordinator/run/live_status.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/process.h"
#include "storage/order/epoch_order.h"

namespace lockstep::coordinator {
namespace {

constexpr auto kBetween = std::chrono::seconds(2);
constexpr auto kRecent = std::chrono::seconds(30);

int64_t Milliseconds(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

int64_t StepsPerEpochOf(const comm::RunInfo& run) {
  const storage::OrderSpec spec = {.samples = run.samples,
                                   .shard_size = run.shard_size,
                                   .window_shards = run.window_shards,
                                   .lanes = run.lanes,
                                   .lane_batch = run.lane_batch,
                                   .seed = run.seed};
  return storage::Validate(spec).ok() ? storage::StepsPerEpoch(spec) : 0;
}

}  // namespace

LiveStatus::LiveStatus(const comm::RunInfo& run, int64_t generation, int64_t first_step,
                       TimePoint now)
    : run_directory_(run.run_directory), began_(now) {
  status_.generation = generation;
  status_.first_step = status_.step = first_step;
  status_.total_steps = run.total_steps;
  status_.steps_per_epoch = StepsPerEpochOf(run);
  status_.samples = run.samples;
  moments_.push_back({now, first_step});
}

bool LiveStatus::Due(TimePoint now) const {
  MutexLock lock(&mutex_);
  return noted_ == TimePoint{} || now - noted_ >= kBetween;
}

void LiveStatus::Note(std::vector<storage::RankStatus> ranks, TimePoint now) {
  MutexLock lock(&mutex_);
  noted_ = now;
  if (!ranks.empty()) status_.step = std::max(status_.step, ranks.front().step);
  status_.ranks = std::move(ranks);
  status_.elapsed_ms = Milliseconds(now - began_);
  moments_.push_back({now, status_.step});
  while (moments_.size() > 2 && now - moments_[1].when >= kRecent) moments_.pop_front();
  status_.recent_steps = status_.step - moments_.front().step;
  status_.recent_ms = Milliseconds(now - moments_.front().when);
}

void LiveStatus::End(const Status& reason) {
  MutexLock lock(&mutex_);
  if (!status_.end.empty()) return;
  status_.end = reason.ok() ? "ok" : std::string(StatusCodeName(reason.code()));
  status_.reason = reason.ok() ? "finished" : reason.message();
}

bool LiveStatus::ended() const {
  MutexLock lock(&mutex_);
  return !status_.end.empty();
}

void LiveStatus::Write() {
  storage::GenerationStatus status;
  {
    MutexLock lock(&mutex_);
    status = status_;
  }
  status.time = UtcTimeText();
  const Status written = storage::WriteGenerationStatus(run_directory_, status);
  MutexLock lock(&mutex_);
  if (written.ok() || told_) return;
  told_ = true;
  LOG(kInfo) << "`lockstep status` cannot see where this run is: " << written;
}

}  // namespace lockstep::coordinator
