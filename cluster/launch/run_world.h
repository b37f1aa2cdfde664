// SPDX-License-Identifier: Apache-2.0
// RunWorld: the ranks of a run as this process was started, and their coordinator. Alone, all ranks
// are threads of this process and the coordinator is called directly; under mpirun or srun this
// process is one rank, and rank 0 hosts the coordinator unless another is named.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/device/queue_stream.h"
#include "comm/mpi/mpi_world.h"
#include "comm/rendezvous/launch_environment.h"
#include "comm/rpc/rpc.h"
#include "worker/run/train.h"

namespace lockstep::comm {
class LocalWorld;
}

namespace lockstep::cluster {

struct WorldOptions {
  std::optional<int32_t> ranks;  // --ranks; as threads, where no launcher started this process
  std::string coordinator_file;  // of a coordinator elsewhere; empty: rank 0 hosts one
  std::string listen = "127.0.0.1:0";  // where that one listens
  bool insecure_listen = false;        // also where not only this machine can reach it
};

// What a machine has for the ranks on it.
struct HostShare {
  std::string host;
  int32_t ranks = 0;
  int32_t cores = 0;  // that any of them may use; 0: not known
};

class RunWorld {
 public:
  // Refuses, before MPI is touched, what cannot be started; then joins MPI where there is any.
  static Result<std::unique_ptr<RunWorld>> Start(const WorldOptions& options);
  ~RunWorld();

  int32_t size() const;        // W
  bool has_rank_zero() const;  // this process speaks for the run
  // What this process is to say of a failure: only rank 0 speaks, and a rank whose own failure it
  // is. The message is empty where it is to say nothing.
  Status ToSay(const Status& failure) const;
  int32_t ranks_here() const;      // on this machine, as far as the launcher says
  int32_t ranks_on_cores() const;  // that share the cores of this process
  // The machines of the ranks, after StartCoordinator. Empty where ranks did not tell one another.
  const std::vector<HostShare>& hosts() const { return hosts_; }
  // Where this process is, while no coordinator hears it; a literal.
  void SetPhase(const char* phase) { presence_.phase.store(phase); }
  // A rank that is silent for longer ends the run.
  void SetSilenceLimit(Duration limit);
  // Whether something went well in every process; the failure of the lowest rank that has one.
  Status Agree(const Status& mine);
  // Makes or finds the coordinator; every rank calls it. `call_limit` bounds each call of it.
  Status StartCoordinator(Duration call_limit);

  worker::TrainWorld ForTraining(const std::atomic<bool>* stop);
  // Gives the other ranks a moment to hear from the coordinator here how it ended.
  void WaitForOthers();
  // Gives the coordinator's run back, after a run that ended in order on all ranks; `exit_code` is
  // what this process is about to end with. Where this is not called MPI stays as it is, which ends
  // the other ranks.
  Status Finish(int exit_code);

 private:
  struct Hosted;  // the coordinator of rank 0 and its server
  struct Meeting;
  explicit RunWorld(WorldOptions options);
  Status StartHosted(Meeting* meeting);
  Status Meet(Duration call_limit);
  void NoteHosts(const std::vector<Meeting>& all);

  const WorldOptions options_;
  Duration silence_limit_ = std::chrono::seconds(10);
  std::vector<HostShare> hosts_;
  bool own_failure_agreed_ = false;  // on which rank 0 says
  comm::LaunchEnvironment launch_;
  comm::Presence presence_;                  // outlives mpi_
  std::unique_ptr<comm::MpiWorld> mpi_;      // null: ranks are threads
  std::unique_ptr<comm::LocalWorld> local_;  // null: MPI
  std::vector<std::unique_ptr<comm::Communicator>> communicators_;
  std::unique_ptr<Hosted> hosted_;
  std::unique_ptr<comm::Coordinator> remote_;  // null: hosted_ is called directly
};

}  // namespace lockstep::cluster
