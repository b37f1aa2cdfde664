// SPDX-License-Identifier: Apache-2.0
// Communicator: how the ranks of a run move bytes to one another. The whole interface that
// training sees of a network; comm/local implements it (MPI and NCCL transports are added
// likewise).
//
// Every operation is enqueued on a Stream, returns at once and completes by its Event. It takes a
// deadline, an absolute moment: an operation that has not ended by then fails with
// deadline-exceeded, naming the rank, the operation, the tag and who is missing. The memory an
// operation reads or writes belongs to the caller and must stay until the event is done.
//
// A communicator does no arithmetic: sums are the caller's (comm/reduce), so that no transport's
// algorithm can reach the bits. The one exception is AllReduceSum, which only sync = "allreduce"
// uses.
//
// Order: a rank enqueues all its operations on one stream, and all ranks enqueue AllGather,
// AllReduceSum and Barrier in the same order. Several messages with one (from, to, tag) match in
// the order sent.
//
// Failure is final: after the first failure of an operation or an Abort, every pending and later
// operation of this rank fails with it. A transport that can tell its peers does so at once (local
// does); else they learn it by their own deadlines. A communicator that has failed is thrown away.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "base/device/device.h"
#include "base/dtype.h"
#include "base/ids.h"
#include "base/status.h"

namespace lockstep::comm {

struct SendOp {
  Rank to;
  uint32_t tag = 0;
  const void* data = nullptr;
  size_t bytes = 0;
};

struct ReceiveOp {
  Rank from;
  uint32_t tag = 0;
  void* data = nullptr;
  size_t bytes = 0;  // must equal what the sender sends; else both ranks fail, naming both sizes
};

class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual Rank rank() const = 0;
  virtual int32_t size() const = 0;  // W

  // Sends and receives as one group: they progress together, in no order, so no arrangement of
  // them can deadlock. Sends to oneself are allowed. Done when every receive has its bytes and
  // every send's memory is free again.
  virtual EventPtr Exchange(std::vector<SendOp> sends, std::vector<ReceiveOp> receives,
                            Stream* stream, Deadline deadline) = 0;
  // all[r * bytes, (r+1) * bytes) = rank r's `mine`, on every rank. `bytes` is equal on all ranks;
  // `mine` may be its own place in `all`.
  virtual EventPtr AllGather(const void* mine, size_t bytes, void* all, Stream* stream,
                             Deadline deadline) = 0;
  // data[i] = the sum of every rank's data[i], in the transport's own order: equal on all ranks,
  // but not for another number of ranks. kFloat32 or kFloat64; `count` is equal on all ranks.
  virtual EventPtr AllReduceSum(void* data, size_t count, DType dtype, Stream* stream,
                                Deadline deadline) = 0;
  // Done when every rank has reached it.
  virtual EventPtr Barrier(Stream* stream, Deadline deadline) = 0;

  // May be called from any thread: pending and later operations of every rank fail with `reason`.
  // The first failure wins; later ones are dropped. `reason` should name the rank and what
  // happened.
  virtual void Abort(Status reason) = 0;
};

}  // namespace lockstep::comm
