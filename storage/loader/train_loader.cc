// SPDX-License-Identifier: Apache-2.0
// Threads make steps 0, 1, ... counted from where the loader starts; step n waits in slot
// n mod prefetch_steps until Next takes it. A thread owns its lanes and their readers alone; slots
// and counters are all that threads share.
#include "storage/loader/train_loader.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "base/pulse.h"
#include "base/thread.h"
#include "storage/loader/lane_reader.h"

namespace lockstep::storage {

class TrainLoader::Core {
 public:
  Core(std::shared_ptr<const RecordSource> source, TrainLoaderOptions options, SampleId split_first,
       BatchBuilder builder);
  ~Core();

  const BatchBuilder& builder() const { return builder_; }
  int64_t steps_per_epoch() const { return steps_per_epoch_; }
  bool Done() const EXCLUDES(mutex_);
  Result<StepBatch> Next(Deadline deadline) EXCLUDES(mutex_);

 private:
  using MadeLane = std::optional<Result<LaneBatch>>;
  struct Slot {
    std::vector<MadeLane> lanes;
    int64_t made = 0;
  };

  std::pair<Epoch, int64_t> PositionOf(int64_t n) const;
  int64_t RecordsPerLane() const;
  void RunThread(int64_t thread) EXCLUDES(mutex_);
  bool WaitForRoom(int64_t n) EXCLUDES(mutex_);  // false: stop
  void Put(int64_t n, int64_t lane_index, Result<LaneBatch> batch) EXCLUDES(mutex_);
  Status NotReady(const Slot& slot) const REQUIRES(mutex_);
  Slot& SlotOf(int64_t n) REQUIRES(mutex_) {
    return slots_[static_cast<size_t>(n % options_.prefetch_steps)];
  }

  const std::shared_ptr<const RecordSource> source_;
  const TrainLoaderOptions options_;
  const SampleId split_first_;
  const BatchBuilder builder_;
  const int64_t steps_per_epoch_;
  const int64_t total_;  // steps from the start to the end of the run
  const int64_t threads_count_;
  std::atomic<bool> stop_{false};  // set under mutex_; read without it between records

  mutable Mutex mutex_;
  CondVar room_;   // given_ rose, or stop
  CondVar ready_;  // a slot is complete
  int64_t given_ GUARDED_BY(mutex_) = 0;
  Status failed_ GUARDED_BY(mutex_);  // what Next gives from now on
  std::vector<Slot> slots_ GUARDED_BY(mutex_);

  std::vector<Thread> threads_;  // last: they use all of the above
};

TrainLoader::Core::Core(std::shared_ptr<const RecordSource> source, TrainLoaderOptions options,
                        SampleId split_first, BatchBuilder builder)
    : source_(std::move(source)),
      options_(std::move(options)),
      split_first_(split_first),
      builder_(std::move(builder)),
      steps_per_epoch_(StepsPerEpoch(options_.order)),
      total_(std::max<int64_t>(
          0, (int64_t{options_.epochs} - options_.start_epoch.value) * steps_per_epoch_ -
                 options_.start_step)),
      threads_count_(std::min<int64_t>(options_.threads, options_.lanes.size())),
      slots_(static_cast<size_t>(options_.prefetch_steps)) {
  for (Slot& slot : slots_) slot.lanes.resize(static_cast<size_t>(options_.lanes.size()));
  for (int64_t t = 0; t < threads_count_; ++t)
    threads_.emplace_back("that loads", [this, t] { RunThread(t); });
}

TrainLoader::Core::~Core() {
  {
    MutexLock lock(&mutex_);
    stop_ = true;
  }
  room_.NotifyAll();
  for (Thread& thread : threads_) thread.Join();
}

std::pair<Epoch, int64_t> TrainLoader::Core::PositionOf(int64_t n) const {
  const int64_t step = options_.start_step + n;
  return {Epoch(options_.start_epoch.value + static_cast<int32_t>(step / steps_per_epoch_)),
          step % steps_per_epoch_};
}

// How many records a lane may hold: its part of cache_bytes, by what a record takes in memory.
int64_t TrainLoader::Core::RecordsPerLane() const {
  const DatasetInfo& info = source_->info();
  constexpr int64_t kOverhead = sizeof(Record) + 128;  // the struct, its path, allocator's share
  const int64_t bytes = info.height * info.width * info.channels + kOverhead;
  return options_.cache_bytes / options_.lanes.size() / bytes;
}

void TrainLoader::Core::RunThread(int64_t thread) {
  EpochOrders orders(options_.order);
  std::vector<std::pair<int64_t, LaneReader>> readers;  // index among the rank's lanes
  for (int64_t i = thread; i < options_.lanes.size(); i += threads_count_) {
    const Lane lane(static_cast<int32_t>(options_.lanes.begin + i));
    readers.emplace_back(i, LaneReader(source_.get(), &builder_, split_first_, &orders, lane,
                                       Epoch(options_.epochs), RecordsPerLane()));
  }
  bool failed = false;
  for (int64_t n = 0; n < total_ && !failed; ++n) {
    if (!WaitForRoom(n)) return;
    const auto [epoch, step] = PositionOf(n);
    for (auto& [index, reader] : readers) {
      Result<LaneBatch> batch = reader.Make(epoch, step, stop_);
      failed = failed || !batch.ok();
      Put(n, index, std::move(batch));
    }
  }
}

bool TrainLoader::Core::WaitForRoom(int64_t n) {
  MutexLock lock(&mutex_);
  while (!stop_ && n >= given_ + options_.prefetch_steps) room_.Wait(&mutex_);
  return !stop_;
}

void TrainLoader::Core::Put(int64_t n, int64_t lane_index, Result<LaneBatch> batch) {
  MutexLock lock(&mutex_);
  Slot& slot = SlotOf(n);
  slot.lanes[static_cast<size_t>(lane_index)] = std::move(batch);
  if (++slot.made == options_.lanes.size()) ready_.NotifyOne();
}

bool TrainLoader::Core::Done() const {
  MutexLock lock(&mutex_);
  return given_ == total_;
}

Status TrainLoader::Core::NotReady(const Slot& slot) const {
  const auto [epoch, step] = PositionOf(given_);
  std::string missing;
  for (size_t i = 0; i < slot.lanes.size(); ++i) {
    if (slot.lanes[i]) continue;
    missing += (missing.empty() ? "" : ", ") +
               std::to_string(options_.lanes.begin + static_cast<int64_t>(i));
  }
  return DeadlineExceeded("the loader has not read epoch " + std::to_string(epoch.value + 1) +
                          ", step " + std::to_string(step + 1) + " of split '" + options_.split +
                          "' in time; lanes still missing: " + missing +
                          "; is the dataset's disk slow or gone?");
}

Result<StepBatch> TrainLoader::Core::Next(Deadline deadline) {
  MutexLock lock(&mutex_);
  if (!failed_.ok()) return failed_;
  if (given_ == total_) {
    return FailedPrecondition("the loader has given every step of its " +
                              std::to_string(options_.epochs) + " epochs");
  }
  Slot& slot = SlotOf(given_);
  const TimePoint began = Clock::Real().Now();
  while (slot.made < options_.lanes.size()) {
    const TimePoint end = Pulse::OfProcess().PutOff(deadline.when(), began);
    if (Clock::Real().Now() >= end) return NotReady(slot);
    ready_.WaitUntil(&mutex_, end);
  }
  const auto [epoch, step] = PositionOf(given_);
  StepBatch result = {epoch, step, Step(epoch.value * steps_per_epoch_ + step), {}};
  for (MadeLane& lane : slot.lanes) {
    if (!(*lane).ok()) return failed_ = (*lane).status();
    result.lanes.push_back(**std::move(lane));
    lane.reset();
  }
  slot.made = 0;
  ++given_;
  room_.NotifyAll();
  return result;
}

namespace {

Status CheckOptions(const DatasetInfo& info, const SplitInfo& split,
                    const TrainLoaderOptions& options) {
  RETURN_IF_ERROR(Validate(options.order));
  const auto refuse = [](const std::string& what, int64_t value, const std::string& expected) {
    return InvalidArgument("training loader: " + what + " is " + std::to_string(value) +
                           ", expected " + expected);
  };
  if (options.order.samples != split.count) {
    return refuse("the number of samples of the order", options.order.samples,
                  std::to_string(split.count) + " as in split '" + split.name + "'");
  }
  if (options.order.shard_size != info.shard_size) {
    return refuse("the shard size of the order", options.order.shard_size,
                  std::to_string(info.shard_size) + " as in the dataset");
  }
  if (options.lanes.begin < 0 || options.lanes.size() <= 0 ||
      options.lanes.end > options.order.lanes) {
    return InvalidArgument("training loader: lanes [" + std::to_string(options.lanes.begin) + ", " +
                           std::to_string(options.lanes.end) + ") are not some of " +
                           std::to_string(options.order.lanes));
  }
  const int64_t steps = StepsPerEpoch(options.order);
  if (options.start_epoch.value < 0) {
    return refuse("the start epoch", options.start_epoch.value, "at least 0");
  }
  if (options.start_step < 0 || options.start_step > steps) {
    return refuse("the start step", options.start_step,
                  "0 to " + std::to_string(steps) + ", the steps of an epoch");
  }
  if (options.threads < 1) return refuse("threads", options.threads, "at least 1");
  if (options.prefetch_steps < 1) {
    return refuse("prefetch_steps", options.prefetch_steps, "at least 1");
  }
  return OkStatus();
}

}  // namespace

TrainLoader::TrainLoader(std::unique_ptr<Core> core) : core_(std::move(core)) {}
TrainLoader::~TrainLoader() = default;

Result<std::unique_ptr<TrainLoader>> TrainLoader::Make(const Dataset* dataset,
                                                       const TrainLoaderOptions& options) {
  return Make(std::make_shared<const DatasetSource>(dataset), options);
}

Result<std::unique_ptr<TrainLoader>> TrainLoader::Make(std::shared_ptr<const RecordSource> source,
                                                       const TrainLoaderOptions& options) {
  const DatasetInfo& info = source->info();
  ASSIGN_OR_RETURN(const SplitInfo split, info.Split(options.split));
  RETURN_IF_ERROR(CheckOptions(info, split, options));
  ASSIGN_OR_RETURN(BatchBuilder builder,
                   BatchBuilder::Make(info, options.augment, options.dtype, options.order.seed));
  return std::unique_ptr<TrainLoader>(new TrainLoader(std::make_unique<Core>(
      std::move(source), options, SampleId(split.first_id), std::move(builder))));
}

const Shape& TrainLoader::image_shape() const { return core_->builder().image_shape(); }
int64_t TrainLoader::steps_per_epoch() const { return core_->steps_per_epoch(); }
bool TrainLoader::Done() const { return core_->Done(); }
Result<StepBatch> TrainLoader::Next(Deadline deadline) { return core_->Next(deadline); }

}  // namespace lockstep::storage
