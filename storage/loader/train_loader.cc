// SPDX-License-Identifier: Apache-2.0
// The plan. Steps 0, 1, ... are counted from where the loader starts; step n waits in slot
// n mod prefetch_steps until Next takes it. There are two kinds of work, and every thread does
// both: reading the records of one lane's next batch (one thread at a time for each lane, since a
// lane is read in order), and making some rows of a batch whose records are there (any number of
// threads). Rows come first, those of the earliest batch before others, so that one lane alone
// keeps every thread busy. Which thread does what shows in no bit.
#include "storage/loader/train_loader.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "base/pulse.h"
#include "base/thread.h"
#include "storage/loader/batch_builder.h"
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
  double waited_seconds() const EXCLUDES(mutex_);

 private:
  using MadeLane = std::optional<Result<LaneBatch>>;
  struct Slot {
    std::vector<MadeLane> lanes;
    int64_t made = 0;
  };

  // A lane of the rank, and how far it has been read.
  struct ReadLane {
    LaneReader reader;  // of the thread that has set `reading`
    int64_t next = 0;   // the step that is read next
    bool reading = false;
    bool failed = false;  // nothing more is read
  };

  // A batch whose records are there and whose rows are being made.
  struct OpenBatch {
    int64_t n = 0;
    size_t lane_index = 0;
    std::vector<Record> records;
    LaneBatch batch;
    int64_t next_row = 0;  // the first that no thread has taken
    int64_t rows_made = 0;
    SampleId failed_id{0};  // of `failure`: the lowest of the batch, whoever found it first
    Status failure;
  };

  std::pair<Epoch, int64_t> PositionOf(int64_t n) const;
  void RunThread() EXCLUDES(mutex_);
  // Some work done, or false where there is none now. The lock is given up meanwhile.
  bool MakeSomeRows(SampleScratch* scratch) REQUIRES(mutex_);
  bool ReadSomeLane() REQUIRES(mutex_);
  void MakeRows(OpenBatch* open, Range rows, SampleScratch* scratch) EXCLUDES(mutex_);
  void Put(int64_t n, size_t lane_index, Result<LaneBatch> batch) REQUIRES(mutex_);
  Status NotReady(const Slot& slot) const REQUIRES(mutex_);
  Slot& SlotOf(int64_t n) REQUIRES(mutex_) {
    return slots_[static_cast<size_t>(n % options_.prefetch_steps)];
  }

  const std::shared_ptr<const RecordSource> source_;
  const TrainLoaderOptions options_;
  const BatchBuilder builder_;
  const int64_t steps_per_epoch_;
  const int64_t total_;  // steps from the start to the end of the run
  EpochOrders orders_;
  std::atomic<bool> stop_{false};  // set under mutex_; read without it between records

  mutable Mutex mutex_;
  CondVar work_;   // there is work, or stop
  CondVar ready_;  // a slot is complete
  int64_t given_ GUARDED_BY(mutex_) = 0;
  Duration waited_ GUARDED_BY(mutex_){};
  Status failed_ GUARDED_BY(mutex_);  // what Next gives from now on
  std::vector<Slot> slots_ GUARDED_BY(mutex_);
  std::vector<ReadLane> lanes_ GUARDED_BY(mutex_);
  // Those with rows that no thread has taken, the earliest step first.
  std::deque<std::shared_ptr<OpenBatch>> open_ GUARDED_BY(mutex_);

  std::vector<Thread> threads_;  // last: they use all of the above
};

TrainLoader::Core::Core(std::shared_ptr<const RecordSource> source, TrainLoaderOptions options,
                        SampleId split_first, BatchBuilder builder)
    : source_(std::move(source)),
      options_(std::move(options)),
      builder_(std::move(builder)),
      steps_per_epoch_(StepsPerEpoch(options_.order)),
      total_(std::max<int64_t>(
          0, (int64_t{options_.epochs} - options_.start_epoch.value) * steps_per_epoch_ -
                 options_.start_step)),
      orders_(options_.order),
      slots_(static_cast<size_t>(options_.prefetch_steps)) {
  for (Slot& slot : slots_) slot.lanes.resize(static_cast<size_t>(options_.lanes.size()));
  for (int64_t i = options_.lanes.begin; i < options_.lanes.end; ++i) {
    lanes_.push_back(
        {LaneReader(source_.get(), split_first, &orders_, Lane(static_cast<int32_t>(i)),
                    Epoch(options_.epochs), options_.cache_bytes / options_.lanes.size())});
  }
  for (int t = 0; t < options_.threads; ++t) {
    threads_.emplace_back("that loads", [this] { RunThread(); });
  }
}

TrainLoader::Core::~Core() {
  {
    MutexLock lock(&mutex_);
    stop_ = true;
  }
  work_.NotifyAll();
  for (Thread& thread : threads_) thread.Join();
}

std::pair<Epoch, int64_t> TrainLoader::Core::PositionOf(int64_t n) const {
  const int64_t step = options_.start_step + n;
  return {Epoch(options_.start_epoch.value + static_cast<int32_t>(step / steps_per_epoch_)),
          step % steps_per_epoch_};
}

void TrainLoader::Core::RunThread() {
  SampleScratch scratch;
  scratch.timing = options_.timing.get();
  MutexLock lock(&mutex_);
  while (!stop_) {
    if (MakeSomeRows(&scratch) || ReadSomeLane()) continue;
    work_.Wait(&mutex_);
  }
}

bool TrainLoader::Core::MakeSomeRows(SampleScratch* scratch) {
  if (open_.empty()) return false;
  constexpr int64_t kRowsAtOnce = 8;
  const std::shared_ptr<OpenBatch> open = open_.front();
  const Range rows = {open->next_row, std::min(open->next_row + kRowsAtOnce, open->batch.rows)};
  open->next_row = rows.end;
  if (rows.end == open->batch.rows) open_.pop_front();
  mutex_.Unlock();
  MakeRows(open.get(), rows, scratch);
  mutex_.Lock();
  open->rows_made += rows.size();
  if (open->rows_made == open->batch.rows) {
    if (open->failure.ok()) {
      Put(open->n, open->lane_index, std::move(open->batch));
    } else {
      Put(open->n, open->lane_index, open->failure);
    }
  }
  return true;
}

void TrainLoader::Core::MakeRows(OpenBatch* open, Range rows, SampleScratch* scratch) {
  const auto [epoch, step] = PositionOf(open->n);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    if (stop_.load(std::memory_order_relaxed)) return;
    const Record& record = open->records[static_cast<size_t>(row)];
    const Status status = builder_.Fill(record, epoch, row, scratch, &open->batch);
    if (status.ok()) {
      if (options_.timing != nullptr) ++options_.timing->rows;
      continue;
    }
    MutexLock lock(&mutex_);
    lanes_[open->lane_index].failed = true;
    if (!open->failure.ok() && open->failed_id < record.id()) continue;
    open->failed_id = record.id();
    open->failure = status.WithContext(BatchPlace(epoch, step, open->batch.lane));
  }
}

// Reads the records of the lane that is furthest behind.
bool TrainLoader::Core::ReadSomeLane() {
  const int64_t end = std::min(total_, given_ + options_.prefetch_steps);
  ReadLane* lane = nullptr;
  for (ReadLane& other : lanes_) {
    if (other.reading || other.failed || other.next >= end) continue;
    if (lane == nullptr || other.next < lane->next) lane = &other;
  }
  if (lane == nullptr) return false;
  lane->reading = true;
  const int64_t n = lane->next++;
  auto open = std::make_shared<OpenBatch>();
  open->n = n;
  open->lane_index = static_cast<size_t>(lane - lanes_.data());
  LaneReader* const reader = &lane->reader;
  const auto read = [&]() -> Status {
    const auto [epoch, step] = PositionOf(n);
    ASSIGN_OR_RETURN(open->records, reader->Read(epoch, step, stop_));
    const TimedPart timed(options_.timing.get(), &LoaderTiming::write_ns);
    ASSIGN_OR_RETURN(open->batch, builder_.Allocate(reader->lane(), open->records));
    return OkStatus();
  };
  mutex_.Unlock();
  const Status status = read();
  mutex_.Lock();
  lane->reading = false;
  if (!status.ok()) {
    lane->failed = true;
    Put(n, open->lane_index, status);
  } else if (open->batch.rows == 0) {
    Put(n, open->lane_index, std::move(open->batch));
  } else {
    const auto later =
        std::find_if(open_.begin(), open_.end(), [&](const auto& other) { return other->n > n; });
    open_.insert(later, std::move(open));
  }
  work_.NotifyAll();
  return true;
}

void TrainLoader::Core::Put(int64_t n, size_t lane_index, Result<LaneBatch> batch) {
  Slot& slot = SlotOf(n);
  slot.lanes[lane_index] = std::move(batch);
  if (++slot.made == options_.lanes.size()) ready_.NotifyOne();
}

bool TrainLoader::Core::Done() const {
  MutexLock lock(&mutex_);
  return given_ == total_;
}

double TrainLoader::Core::waited_seconds() const {
  MutexLock lock(&mutex_);
  return std::chrono::duration<double>(waited_).count();
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
    const TimePoint now = Clock::Real().Now();
    if (now >= end) return NotReady(slot);
    ready_.WaitUntil(&mutex_, end);
    waited_ += Clock::Real().Now() - now;
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
  work_.NotifyAll();
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
  if (options.timing != nullptr) {
    source = std::make_shared<const TimedSource>(std::move(source), options.timing);
  }
  const DatasetInfo& info = source->info();
  ASSIGN_OR_RETURN(const SplitInfo split, info.Split(options.split));
  RETURN_IF_ERROR(CheckOptions(info, split, options));
  ASSIGN_OR_RETURN(BatchBuilder builder,
                   BatchBuilder::Make(info, split, options.augment, options.inputs, options.dtype,
                                      options.order.seed));
  return std::unique_ptr<TrainLoader>(new TrainLoader(std::make_unique<Core>(
      std::move(source), options, SampleId(split.first_id), std::move(builder))));
}

const Shape& TrainLoader::image_shape() const { return core_->builder().image_shape(); }
int64_t TrainLoader::steps_per_epoch() const { return core_->steps_per_epoch(); }
bool TrainLoader::Done() const { return core_->Done(); }
Result<StepBatch> TrainLoader::Next(Deadline deadline) { return core_->Next(deadline); }
double TrainLoader::waited_seconds() const { return core_->waited_seconds(); }

}  // namespace lockstep::storage
