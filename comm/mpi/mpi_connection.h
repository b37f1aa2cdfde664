// SPDX-License-Identifier: Apache-2.0
// MpiConnection: one rank's end of an MPI world. All MPI calls after MPI_Init are made here, one at
// a time under one mutex, and none blocks: an operation is polled until it has ended, its deadline
// has passed or this rank or another has failed.
//
// The first failure is final. It is told to every peer in a message of its own, for which each
// posts a receive that every poll looks at too. Then MPI is never called again, not even to
// finalize: pending requests still point to the callers' memory. The process is to end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/dtype.h"
#include "base/ids.h"
#include "base/mutex.h"
#include "base/pulse.h"
#include "base/status.h"
#include "comm/mpi/mpi_abi.h"
#include "comm/mpi/mpi_transfer.h"
#include "comm/mpi/presence_book.h"
#include "comm/queued_communicator.h"

namespace lockstep::comm {

class MpiConnection : public RankEnd {
 public:
  // `mpi` is initialised and says `world`. Larger messages are cut into pieces.
  MpiConnection(const lockstep_mpi* mpi, const lockstep_mpi_world& world, size_t piece_bytes);
  ~MpiConnection() override;
  // Posts the receive of peers' failures; once, before all else.
  Status Open() EXCLUDES(mutex_);

  Rank rank() const override { return Rank(world_.rank); }
  int32_t size() const override { return world_.size; }

  // Runs one whole operation; blocks the calling (stream) thread until it ends.
  Status Run(Operation operation, std::vector<SendOp> sends, std::vector<ReceiveOp> receives,
             Deadline deadline) override EXCLUDES(mutex_);
  Status AllReduceSum(void* data, size_t count, DType dtype, Deadline deadline) override
      EXCLUDES(mutex_);
  // MPI_Allreduce as it is, which blocks without a deadline. It is there to be measured against.
  Status BlockingAllReduceSum(void* data, size_t count, DType dtype) EXCLUDES(mutex_);

  // The first failure wins, ends pending and later operations of every rank, and is returned.
  Status Fail(const Status& failure) override EXCLUDES(mutex_);

  // Sends where this rank is to those of `to` that have taken what was sent them before, and takes
  // what has come. Does not block. Returns the failure once there is one.
  Status TradePresence(const PresenceBeat& mine, const std::vector<Rank>& to,
                       std::vector<PresenceBeat>* heard) EXCLUDES(mutex_);

  // Ends the connection after its last operation, so that MPI has no request any more and may be
  // finalized. Returns the failure, if there was one.
  Status Close(Deadline deadline) EXCLUDES(mutex_);

 private:
  struct Pending;  // an operation's requests that have not ended
  struct FailureMessage {
    int32_t code;
    char text[2044];
  };

  Status Drive(std::unique_ptr<Pending> pending, Deadline deadline) EXCLUDES(mutex_);
  Status StartAndAwait(Pending* pending, Deadline deadline) EXCLUDES(mutex_);
  Status LookForPeerFailure() REQUIRES(mutex_);
  Status Start(Pending* pending) REQUIRES(mutex_);
  Status StartMessage(Pending* pending, size_t i) REQUIRES(mutex_);
  Status StartSum(Pending* pending) REQUIRES(mutex_);
  // Makes progress; sets *progressed if something ended.
  Status Poll(Pending* pending, bool* progressed) REQUIRES(mutex_);
  Status RequestEnded(Pending* pending, const lockstep_mpi_done& done) REQUIRES(mutex_);
  Status SendPresence(const PresenceBeat& mine, Rank to) REQUIRES(mutex_);
  Status TakePresence(std::vector<PresenceBeat>* heard) REQUIRES(mutex_);
  Status PostPresence() REQUIRES(mutex_);
  Status EndPresence(Deadline deadline) REQUIRES(mutex_);
  Status PeerFailure(const lockstep_mpi_done& done) const REQUIRES(mutex_);
  Status FailLocked(const Status& failure, bool tell_peers) REQUIRES(mutex_);
  void TellPeers(const Status& failure) REQUIRES(mutex_);
  std::string TextOf(int32_t error) const;

  const lockstep_mpi* const mpi_;
  const lockstep_mpi_world world_;
  const size_t piece_bytes_;
  const Pulse& pulse_ = Pulse::OfProcess();
  Mutex mutex_;  // also serialises all calls of mpi_
  Status failure_ GUARDED_BY(mutex_);
  bool told_by_peer_ GUARDED_BY(mutex_) = false;
  std::unique_ptr<FailureMessage> received_ GUARDED_BY(mutex_);
  lockstep_mpi_request receive_failure_ GUARDED_BY(mutex_) = 0;
  // A message that is under way to a rank, or the place for one that comes.
  struct PresenceMessage {
    PresenceBeat beat;
    lockstep_mpi_request request = 0;
    bool pending = false;
  };
  std::map<Rank, std::unique_ptr<PresenceMessage>> presence_out_ GUARDED_BY(mutex_);
  std::unique_ptr<PresenceMessage> presence_in_ GUARDED_BY(mutex_);  // null: nobody asked yet
  // What requests that never ended point to.
  std::vector<std::unique_ptr<Pending>> abandoned_ GUARDED_BY(mutex_);
};

}  // namespace lockstep::comm
