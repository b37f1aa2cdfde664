// SPDX-License-Identifier: Apache-2.0
// TimedCommunicator: another communicator, and how long its operations have kept their stream busy.
// Beside the time for which a rank waited it says what of an exchange was hidden behind computing.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "comm/communicator.h"

namespace lockstep::cluster {

class TimedCommunicator : public comm::Communicator {
 public:
  // `inner` outlives this.
  explicit TimedCommunicator(comm::Communicator* inner) : inner_(inner) {}

  // Time in operations that have ended, since the start. An operation whose event is done counts.
  Duration busy() const { return Duration(busy_->load()); }

  Rank rank() const override { return inner_->rank(); }
  int32_t size() const override { return inner_->size(); }
  EventPtr Exchange(std::vector<comm::SendOp> sends, std::vector<comm::ReceiveOp> receives,
                    Stream* stream, Deadline deadline) override;
  EventPtr AllGather(const void* mine, size_t bytes, void* all, Stream* stream,
                     Deadline deadline) override;
  EventPtr AllReduceSum(void* data, size_t count, DType dtype, Stream* stream,
                        Deadline deadline) override;
  EventPtr Barrier(Stream* stream, Deadline deadline) override;
  void Abort(Status reason) override { inner_->Abort(std::move(reason)); }

 private:
  // Marks the moment before an operation on the stream, and the one behind it, whose event stands
  // for the operation's: a stream that has failed completes everything with that failure.
  std::shared_ptr<TimePoint> Begin(Stream* stream);
  EventPtr End(std::shared_ptr<TimePoint> began, Stream* stream);

  comm::Communicator* const inner_;
  // Shared with the work on the stream, which may outlive this.
  std::shared_ptr<std::atomic<Duration::rep>> busy_ =
      std::make_shared<std::atomic<Duration::rep>>(0);
};

}  // namespace lockstep::cluster
