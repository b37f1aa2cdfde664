// SPDX-License-Identifier: Apache-2.0
#include "base/device/emulated/emulated_stream.h"

#include <cstring>
#include <utility>

namespace lockstep {
namespace {

// An event whose waits are counted and can fail.
class EmulatedEvent : public Event {
 public:
  EmulatedEvent(std::shared_ptr<EmulatedCore> core, EventPtr inner, std::string stream)
      : core_(std::move(core)), inner_(std::move(inner)), stream_(std::move(stream)) {}

  bool Done() const override { return inner_->Done(); }

  Status Wait(Deadline deadline) override {
    core_->CountWait();
    const Status call = core_->Call("Wait for an event of stream '" + stream_ + "'");
    // What the work uses may be freed when this returns, so a call that fails waits as well.
    const Status status = inner_->Wait(deadline);
    return call.ok() ? status : call;
  }

  const EventPtr& inner() const { return inner_; }

 private:
  const std::shared_ptr<EmulatedCore> core_;
  const EventPtr inner_;
  const std::string stream_;
};

std::string BytesOf(const char* what, size_t bytes) {
  return std::string(what) + " of " + std::to_string(bytes) + " bytes";
}

}  // namespace

EmulatedStream::EmulatedStream(std::shared_ptr<EmulatedCore> core, std::string name)
    : core_(std::move(core)), name_(std::move(name)), queue_(name_) {}

EmulatedStream::~EmulatedStream() { core_->OpenForClosing(&closing_); }

EventPtr EmulatedStream::Add(const std::string& what, std::function<Status()> work) {
  Status call = core_->Call(On(what));
  if (!call.ok()) {
    work = [call] { return call; };
  }
  EventPtr inner = queue_.Enqueue([this, work = std::move(work)] {
    core_->PassGate(name_, &closing_);
    return work();
  });
  return std::make_shared<EmulatedEvent>(core_, std::move(inner), name_);
}

EventPtr EmulatedStream::Enqueue(std::function<Status()> work) {
  return Add("Enqueue", std::move(work));
}

EventPtr EmulatedStream::Record() {
  return Add("Record", [] { return OkStatus(); });
}

void EmulatedStream::WaitFor(EventPtr event) {
  if (const auto* emulated = dynamic_cast<const EmulatedEvent*>(event.get())) {
    event = emulated->inner();  // the stream waits, not the host
  }
  Add("WaitFor", [] { return OkStatus(); });
  queue_.WaitFor(std::move(event));
}

void EmulatedStream::Copy(void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  core_->CountCopy(bytes);
  Add(BytesOf("Copy", bytes), [this, to, from, bytes]() -> Status {
    const EmulatedCore::Reached target = core_->Reach(to, bytes),
                                source = core_->Reach(from, bytes);
    if ((target.data != nullptr && !target.whole) || (source.data != nullptr && !source.whole)) {
      return Internal("emulated device: " + On(BytesOf("Copy", bytes)) +
                      " goes beyond the end of a buffer");
    }
    std::memcpy(target.data != nullptr ? target.data : to,
                source.data != nullptr ? source.data : from, bytes);
    return OkStatus();
  });
}

void EmulatedStream::Fill(void* to, uint8_t byte, size_t bytes) {
  if (bytes == 0) return;
  core_->CountFill();
  Add(BytesOf("Fill", bytes), [this, to, byte, bytes]() -> Status {
    ASSIGN_OR_RETURN(const EmulatedCore::Reached target, Reach(to, bytes));
    std::memset(target.data, byte, bytes);
    return OkStatus();
  });
}

Status EmulatedStream::Launch(const std::string& what, std::function<Status()> work) {
  RETURN_IF_ERROR(core_->Call(On("Launch of " + what)));
  core_->CountLaunch();
  queue_.Enqueue([this, work = std::move(work)] {
    core_->PassGate(name_, &closing_);
    return work();
  });
  return OkStatus();
}

Result<EmulatedCore::Reached> EmulatedStream::Reach(const void* address, size_t bytes) const {
  EmulatedCore::Reached reached = core_->Reach(address, bytes);
  if (reached.data == nullptr) {
    return Internal("emulated device: work on stream '" + name_ +
                    "' was given an address that is in no buffer of the device: the host's "
                    "memory, or freed before the work was done");
  }
  if (!reached.whole) {
    return Internal("emulated device: work on stream '" + name_ + "' was given " +
                    std::to_string(bytes) + " bytes that go beyond the end of a buffer");
  }
  return reached;
}

}  // namespace lockstep
