// SPDX-License-Identifier: Apache-2.0
// Device, Stream and Event: the small interfaces that ops, comm and the worker see of a device.
// They are implemented beside this file (cpu/, emulated/, cuda/); worker/device chooses one by
// name.
//
// A Stream is a queue of work done in order. On a CPU it is served by one thread; on a GPU it is a
// CUDA stream. An Event is a point in a stream: it is done when everything enqueued before it is.
// Nothing here makes the host wait but Event::Wait.
//
// Memory of the kind kDevice is the host's to read and write only where Device::host_addressable()
// says so. Everywhere else the host copies with Stream::Copy, and pointers into such memory are
// nothing but addresses to be computed with and handed to kernels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/device/device_spec.h"
#include "base/status.h"

namespace lockstep {

// Completion of enqueued work, and whether it succeeded. It is thread-safe and shared: it outlives
// the stream it was recorded on.
class Event {
 public:
  virtual ~Event() = default;
  virtual bool Done() const = 0;
  // The status of the work, or deadline-exceeded when it has not ended by then.
  virtual Status Wait(Deadline deadline) = 0;
};
using EventPtr = std::shared_ptr<Event>;

// After a failure a stream runs nothing more: every later event completes with the first failure.
// So the calls that return nothing report by the next event. All calls are thread-safe and return
// at once. A stream is destroyed before the memory that its work uses; what is running then ends,
// what is pending is cancelled (wait for the last event first to have it all done).
class Stream {
 public:
  virtual ~Stream() = default;
  // Host work in stream order. The Event completes with the work's Status.
  virtual EventPtr Enqueue(std::function<Status()> work) = 0;
  // The event of all that was enqueued so far.
  virtual EventPtr Record() = 0;
  // What is enqueued from here on runs after `event`, of any stream of the same device. The stream
  // waits, the host does not. A failed event fails this stream as well.
  virtual void WaitFor(EventPtr event) = 0;
  // Copies in stream order. Either side may be memory of any kind; they do not overlap. Copies of
  // memory that the host may touch, but kPinned, may be slow and hold up the caller. Both sides
  // stay allocated, and `from` unchanged, until the copy is done.
  virtual void Copy(void* to, const void* from, size_t bytes) = 0;
  virtual void Fill(void* to, uint8_t byte, size_t bytes) = 0;
};

enum class MemoryKind : uint8_t {
  kHost,    // the host's; kernels of a device may not touch it
  kPinned,  // the host's, and the device may read and write it while it works
  kDevice,  // the device's: where tensors are
};
std::string_view NameOf(MemoryKind kind);  // "host", "pinned", "device"

// Memory on loan from a device, given back when this object goes; the device outlives it. Nothing
// waits for the work that uses it: see Stream. Movable, not copyable; not initialised.
class DeviceBuffer {
 public:
  // How a device takes its memory back: destroyed, it frees it.
  class Loan {
   public:
    virtual ~Loan() = default;
  };

  DeviceBuffer() = default;  // empty: data() is null
  DeviceBuffer(std::unique_ptr<Loan> loan, void* data, size_t bytes, MemoryKind kind)
      : loan_(std::move(loan)), data_(data), size_(bytes), kind_(kind) {}
  DeviceBuffer(DeviceBuffer&& other) noexcept { *this = std::move(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    loan_ = std::move(other.loan_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    kind_ = other.kind_;
    return *this;
  }

  void* data() { return data_; }
  const void* data() const { return data_; }
  size_t size() const { return size_; }
  MemoryKind kind() const { return kind_; }

 private:
  std::unique_ptr<Loan> loan_;
  void* data_ = nullptr;
  size_t size_ = 0;
  MemoryKind kind_ = MemoryKind::kHost;
};

// Bytes of a device's memory. `ours` is what this process allocated through the device and has not
// given back, by purpose.
struct MemoryUse {
  int64_t free_bytes = 0;
  int64_t total_bytes = 0;
  std::map<std::string, int64_t, std::less<>> ours;

  int64_t ours_in_all() const;
  // "arenas 512 MiB, parameters 98 MiB": the largest first.
  std::string OursText() const;
};

class Device {
 public:
  virtual ~Device() = default;
  virtual const DeviceSpec& spec() const = 0;
  // Whether the host may read and write kDevice memory, and work that a kernel was given is done
  // when its call returns.
  virtual bool host_addressable() const = 0;
  // Aligned to spec().buffer_alignment. `what` names the purpose ("arena") for accounts and
  // messages. 0 bytes are an empty buffer. resource-exhausted where there is no such memory: it
  // says what is free, the total and what this process has, by purpose.
  virtual Result<DeviceBuffer> Allocate(MemoryKind kind, size_t bytes, std::string_view what) = 0;
  // `name` stands in messages; a larger priority is served first where the device can.
  virtual Result<std::unique_ptr<Stream>> MakeStream(std::string name, int priority) = 0;
  virtual Result<MemoryUse> memory() const = 0;
};

}  // namespace lockstep
