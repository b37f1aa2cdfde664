// SPDX-License-Identifier: Apache-2.0
// EmulatedStream: a stream of the emulated device, served by a thread of its own. Copies and fills
// reach behind the wall; kernels come by Launch (ops/core/make_kernel.h).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/device/emulated/emulated_core.h"
#include "base/device/queue_stream.h"

namespace lockstep {

class EmulatedStream : public Stream {
 public:
  EmulatedStream(std::shared_ptr<EmulatedCore> core, std::string name);
  ~EmulatedStream() override;

  EventPtr Enqueue(std::function<Status()> work) override;
  EventPtr Record() override;
  void WaitFor(EventPtr event) override;
  void Copy(void* to, const void* from, size_t bytes) override;
  void Fill(void* to, uint8_t byte, size_t bytes) override;

  // Enqueues the work of a kernel, which `what` names in messages. As a driver's call it may fail
  // at once; a failure of the work itself is the stream's.
  Status Launch(const std::string& what, std::function<Status()> work);

  // The host's address of the bytes that kernels see at `address`, kept alive by `keep`. Fails
  // where they are not all in one living buffer of this device's, kinds kDevice and kPinned.
  Result<EmulatedCore::Reached> Reach(const void* address, size_t bytes) const;

 private:
  // The work in stream order once the call `what` is made; where the call fails, its failure.
  EventPtr Add(const std::string& what, std::function<Status()> work);
  std::string On(const std::string& what) const { return what + " on stream '" + name_ + "'"; }

  const std::shared_ptr<EmulatedCore> core_;
  const std::string name_;
  bool closing_ = false;  // under the lock of core_
  QueueStream queue_;     // last: its work uses the fields above
};

}  // namespace lockstep
