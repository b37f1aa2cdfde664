// SPDX-License-Identifier: Apache-2.0
#include "base/device/cuda/cuda_stream.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "base/device/cuda/cuda_loader.h"
#include "base/mutex.h"

namespace lockstep {
namespace {

constexpr std::chrono::microseconds kFirstPause{5}, kLongestPause{500};
constexpr std::chrono::seconds kLastWork{60};

uint64_t AddressOf(const void* pointer) { return reinterpret_cast<uint64_t>(pointer); }

}  // namespace

class CudaStreamState {
 public:
  CudaStreamState(const lockstep_cuda* cuda, std::string name)
      : cuda_(cuda), name_(std::move(name)) {}
  ~CudaStreamState() {
    if (made_) cuda_->end_stream(stream_);
  }

  Status Make(int priority) {
    RETURN_IF_ERROR(Told("make_stream", cuda_->make_stream(priority, &stream_)));
    made_ = true;
    return OkStatus();
  }

  const lockstep_cuda* cuda() const { return cuda_; }
  lockstep_cuda_stream stream() const { return stream_; }
  const std::string& name() const { return name_; }

  Status Told(const std::string& call, int error) const {
    return CudaStatus(cuda_, call, error).WithContext("stream '" + name_ + "'");
  }

  // Gives the GPU something, unless the stream has failed; a failure becomes the stream's. `give`
  // is told the work's number: what fails later, fails from there on.
  void Give(const std::string& call, const std::function<int(uint64_t number)>& give)
      EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    if (!failure_.ok()) return;
    ++given_;
    failure_ = Told(call, give(given_));
    failed_at_ = given_;
  }
  // The work of this number has failed, or what comes after all that was given.
  void Fail(const Status& failure, uint64_t number) EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    if (!failure_.ok() && failed_at_ <= number) return;
    failure_ = failure;
    failed_at_ = number;
  }
  void FailFromHereOn(const Status& failure) EXCLUDES(mutex_) { Fail(failure, given() + 1); }
  // The failure of the work up to this number.
  Status FailureUpTo(uint64_t number) const EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    return failed_at_ <= number ? failure_ : OkStatus();
  }
  Status failure() const EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    return failure_;
  }
  uint64_t given() const EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    return given_;
  }

  // Waits until all that was given has ended, whether or not the stream has failed. False where
  // that does not happen in a minute or cannot be seen.
  bool Drained() {
    lockstep_cuda_event event = 0;
    if (cuda_->make_event(&event) != 0) return false;
    int error = cuda_->record(stream_, event);
    const Deadline deadline = Deadline::In(kLastWork);
    if (error == 0) {
      do {
        error = cuda_->query(event);
        if (error == LOCKSTEP_CUDA_NOT_READY) std::this_thread::sleep_for(kLongestPause);
      } while (error == LOCKSTEP_CUDA_NOT_READY && !deadline.Passed());
    }
    cuda_->end_event(event);
    return error == 0;
  }

  // Events of other streams that this one waits for, and how many there were.
  void DependOn(EventPtr event) EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    std::erase_if(before_,
                  [](const EventPtr& e) { return e->Done() && e->Wait(Deadline::Never()).ok(); });
    before_.push_back(std::move(event));
  }
  std::vector<EventPtr> before() const EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    return before_;
  }

 private:
  const lockstep_cuda* const cuda_;
  const std::string name_;
  lockstep_cuda_stream stream_ = 0;
  bool made_ = false;
  mutable Mutex mutex_;
  uint64_t given_ GUARDED_BY(mutex_) = 0;
  Status failure_ GUARDED_BY(mutex_);
  uint64_t failed_at_ GUARDED_BY(mutex_) = 0;
  std::vector<EventPtr> before_ GUARDED_BY(mutex_);
};

namespace {

struct HostWork {
  std::function<Status()> work;
  std::shared_ptr<CudaStreamState> stream;
  uint64_t number = 0;
};

void RunHostWork(void* with) {
  const std::unique_ptr<HostWork> host(static_cast<HostWork*>(with));
  if (!host->stream->failure().ok()) return;
  const Status status = host->work();
  host->work = nullptr;  // what it captured goes before its event is done
  if (!status.ok()) host->stream->Fail(status, host->number);
}

class CudaEvent : public Event {
 public:
  explicit CudaEvent(std::shared_ptr<CudaStreamState> stream)
      : stream_(std::move(stream)), before_(stream_->before()) {
    stream_->Give("make_event", [this](uint64_t) { return stream_->cuda()->make_event(&event_); });
    stream_->Give("record", [this](uint64_t number) {
      number_ = number;
      return stream_->cuda()->record(stream_->stream(), event_);
    });
    // Not recorded: the stream had failed before.
    if (number_ == 0 || !stream_->FailureUpTo(number_).ok()) recorded_ = stream_->failure();
  }
  ~CudaEvent() override {
    if (event_ != 0) stream_->cuda()->end_event(event_);
  }

  lockstep_cuda_event handle() const { return event_; }
  // Of the calls made before it; the work itself may still fail.
  const Status& recorded() const { return recorded_; }

  bool Done() const override { return !recorded_.ok() || Query() != LOCKSTEP_CUDA_NOT_READY; }

  Status Wait(Deadline deadline) override {
    if (!recorded_.ok()) return recorded_;
    std::chrono::microseconds pause = kFirstPause;
    while (true) {
      const int error = Query();
      if (error != LOCKSTEP_CUDA_NOT_READY) return Outcome(error);
      if (deadline.Passed()) {
        return DeadlineExceeded("stream '" + stream_->name() +
                                "': the work waited for has not ended");
      }
      std::this_thread::sleep_for(pause);
      pause = std::min(2 * pause, kLongestPause);
    }
  }

 private:
  int Query() const { return stream_->cuda()->query(event_); }

  // The work before the event has ended: how.
  Status Outcome(int error) {
    if (error != 0) stream_->Fail(stream_->Told("query", error), number_);
    RETURN_IF_ERROR(stream_->FailureUpTo(number_));
    for (const EventPtr& event : before_) {
      const Status status = event->Wait(Deadline::Never());  // done: the GPU waited for it
      if (!status.ok()) stream_->Fail(status, number_);
      RETURN_IF_ERROR(status);
    }
    return OkStatus();
  }

  const std::shared_ptr<CudaStreamState> stream_;
  const std::vector<EventPtr> before_;
  lockstep_cuda_event event_ = 0;
  uint64_t number_ = 0;  // of the record among what the stream was given
  Status recorded_;
};

}  // namespace

Result<std::unique_ptr<CudaStream>> CudaStream::Make(const lockstep_cuda* cuda, std::string name,
                                                     int priority) {
  auto state = std::make_shared<CudaStreamState>(cuda, std::move(name));
  RETURN_IF_ERROR(state->Make(priority));
  return std::unique_ptr<CudaStream>(new CudaStream(std::move(state)));
}

CudaStream::~CudaStream() {
  state_->FailFromHereOn(Cancelled("stream '" + state_->name() + "' was destroyed"));
  // Where the end cannot be seen, the stream is left to the driver: what runs on it may need it.
  if (!state_->Drained()) (void)new std::shared_ptr<CudaStreamState>(state_);
}

EventPtr CudaStream::Enqueue(std::function<Status()> work) {
  auto host = std::make_unique<HostWork>(HostWork{std::move(work), state_});
  state_->Give("call_host", [&](uint64_t number) {
    host->number = number;
    const int error = state_->cuda()->call_host(state_->stream(), RunHostWork, host.get());
    if (error == 0) (void)host.release();  // RunHostWork frees it
    return error;
  });
  return Record();
}

EventPtr CudaStream::Record() { return std::make_shared<CudaEvent>(state_); }

void CudaStream::WaitFor(EventPtr event) {
  const auto* const cuda_event = dynamic_cast<const CudaEvent*>(event.get());
  if (cuda_event == nullptr) {
    state_->FailFromHereOn(
        Internal("stream '" + state_->name() + "' waits for an event of another device"));
    return;
  }
  if (!cuda_event->recorded().ok()) {
    state_->FailFromHereOn(cuda_event->recorded());
    return;
  }
  state_->Give("wait", [&](uint64_t) {
    return state_->cuda()->wait(state_->stream(), cuda_event->handle());
  });
  state_->DependOn(std::move(event));
}

void CudaStream::Copy(void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  state_->Give("copy", [&](uint64_t) {
    return state_->cuda()->copy(state_->stream(), AddressOf(to), AddressOf(from), bytes);
  });
}

void CudaStream::Fill(void* to, uint8_t byte, size_t bytes) {
  if (bytes == 0) return;
  state_->Give("fill", [&](uint64_t) {
    return state_->cuda()->fill(state_->stream(), AddressOf(to), byte, bytes);
  });
}

Status CudaStream::Launch(const GpuKernel& kernel, GpuGrid grid,
                          std::span<const void* const> parameters) {
  const auto& cuda_kernel = static_cast<const CudaKernel&>(kernel);
  state_->Give("launch of " + cuda_kernel.name(), [&](uint64_t) {
    return state_->cuda()->launch(cuda_kernel.handle(), state_->stream(), grid.blocks, grid.threads,
                                  parameters.data());
  });
  return state_->failure();
}

}  // namespace lockstep
