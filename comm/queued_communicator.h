// SPDX-License-Identifier: Apache-2.0
// The Communicator that every CPU transport shares: a transport is a RankEnd, which moves messages
// and blocks while it does; here its operations become work of the caller's stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/dtype.h"
#include "base/ids.h"
#include "base/status.h"
#include "comm/communicator.h"
#include "comm/transfer_failure.h"

namespace lockstep::comm {

// One rank's end of a world. All calls but Fail come from one thread, the stream's, in order.
class RankEnd {
 public:
  virtual ~RankEnd() = default;
  virtual Rank rank() const = 0;
  virtual int32_t size() const = 0;

  // Runs one whole operation, until it has ended, its deadline has passed or a rank has failed.
  virtual Status Run(Operation operation, std::vector<SendOp> sends,
                     std::vector<ReceiveOp> receives, Deadline deadline) = 0;
  virtual Status AllReduceSum(void* data, size_t count, DType dtype, Deadline deadline) = 0;

  // May be called from any thread. The first failure wins, ends pending and later operations of
  // every rank, and is returned.
  virtual Status Fail(const Status& failure) = 0;
};

// The communicator keeps `end` for as long as it lives, or work that it has enqueued.
std::unique_ptr<Communicator> MakeQueuedCommunicator(std::shared_ptr<RankEnd> end);

}  // namespace lockstep::comm
