// SPDX-License-Identifier: Apache-2.0
// Device, Stream and Event: the small interfaces that ops and comm see of a device. worker/device
// implements them.
//
// A Stream is a queue of work done in order. On a CPU it is served by one thread; on a GPU it is a
// CUDA stream. An Event is a point in a stream: it is done when everything enqueued before it is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

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

class Stream {
 public:
  virtual ~Stream() = default;
  // Host work in stream order. Returns at once; the Event completes with the work's Status. After a
  // failure the stream runs nothing more: every later event completes with the first failure.
  virtual EventPtr Enqueue(std::function<Status()> work) = 0;
};

class Device {
 public:
  virtual ~Device() = default;
  virtual const DeviceSpec& spec() const = 0;
};

}  // namespace lockstep
