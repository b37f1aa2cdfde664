// SPDX-License-Identifier: Apache-2.0
// MpiWorld: this process as a rank of an MPI world, from MPI_Init to MPI_Finalize.
//
//   ASSIGN_OR_RETURN(auto world, MpiWorld::Start({}));
//   auto communicator = world->communicator();
//   ... train ...
//   RETURN_IF_ERROR(world->Finalize(std::chrono::seconds(30), 0));
//
// MPI_Init and MPI_Finalize may block for ever: each says so after some seconds and runs under a
// watchdog, which ends the process. Between the two a PresenceThread, where it is asked for, names
// a rank that falls silent.
// After a failure of the communicator do not call Finalize: let the process exit with the failure's
// code; mpirun then ends the others. A process has at most one world.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/dtype.h"
#include "base/ids.h"
#include "base/status.h"
#include "comm/communicator.h"
#include "comm/mpi/mpi_transfer.h"
#include "comm/presence.h"
#include "comm/rendezvous/launch_environment.h"

namespace lockstep::comm {

class MpiConnection;
class PresenceThread;

struct MpiOptions {
  Environment environment = ProcessEnvironment();
  std::optional<int32_t> ranks_option;  // the value of --ranks, if it was given
  // MPI_Init must return within this time; else the process ends with deadline-exceeded's exit
  // code.
  Duration init_limit = std::chrono::seconds(60);
  Duration say_after = std::chrono::seconds(10);  // of waiting in MPI_Init or MPI_Finalize
  const Presence* presence = nullptr;  // of this rank, and outlives the world; null: nobody watches
  size_t piece_bytes = kLargestPiece;  // larger messages are cut; for tests
};

class MpiWorld {
 public:
  // Opens the plugin and MPI; every rank calls it. Fails with what CheckLaunch and OpenMpiPlugin
  // say, or with unavailable when MPI_Init fails.
  static Result<std::unique_ptr<MpiWorld>> Start(const MpiOptions& options);
  ~MpiWorld();

  Rank rank() const;
  int32_t size() const;
  const std::string& library() const { return library_; }  // "Open MPI v4.1.4, ..."

  // Each communicator is an end of the same world, and may outlive it.
  std::unique_ptr<Communicator> communicator() const;

  // Silence for longer than this, of a rank that no coordinator watches, ends the world.
  void SetSilenceLimit(Duration limit);

  // Waits for all ranks, which are still watched meanwhile, then calls MPI_Finalize. Every rank
  // calls this, once every event is done. If that has not returned within `limit`, one line says so
  // and the process ends with `exit_code`: the run itself is finished. After a failure of the
  // communicator it returns that failure and calls no MPI.
  Status Finalize(Duration limit, int exit_code);

  // MPI_Allreduce itself, blocking and without a deadline: what `bench comm` compares with.
  Status BlockingAllReduceSum(void* data, size_t count, DType dtype) const;

 private:
  MpiWorld(const lockstep_mpi* mpi, std::string library, std::shared_ptr<MpiConnection> connection,
           Duration say_after);
  Status AwaitAll();

  const lockstep_mpi* const mpi_;
  const std::string library_;
  const std::shared_ptr<MpiConnection> connection_;
  const Duration say_after_;
  std::unique_ptr<PresenceThread> presence_;  // null: nobody watches
};

}  // namespace lockstep::comm
