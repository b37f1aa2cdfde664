// SPDX-License-Identifier: Apache-2.0
// mpi_world_check CASE FOLDER: one rank of a test of the MPI transport; mpi_world_test.py starts
// it under mpirun. A rank for which everything held leaves the file FOLDER/ok.RANK.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "base/check.h"
#include "base/device/queue_stream.h"
#include "comm/mpi/testing/mpi_world_check.h"

namespace lockstep::comm {

void CheckFailed(Rank rank, const std::string& what) {
  std::cerr << "FAILED on rank " + std::to_string(rank.value) + ": " + what + "\n" << std::flush;
  _exit(1);
}

namespace {

std::string OkFile(const std::string& folder, int32_t rank) {
  return folder + "/ok." + std::to_string(rank);
}

// A rank that leaves without MPI_Finalize makes mpirun kill the others, so all wait for all.
void AwaitAllRanks(const std::string& folder, const CheckRank& me) {
  for (int32_t r = 0; r < me.size(); ++r) {
    const Deadline deadline = Late();
    while (!std::filesystem::exists(OkFile(folder, r))) {
      me.Expect(!deadline.Passed(), "rank " + std::to_string(r) + " has not come to its end");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
}

int Run(const std::string& name, const std::string& folder) {
  MpiOptions options;
  options.init_limit = std::chrono::seconds(name == "hang-init" ? 1 : 60);
  if (name.starts_with("hang-")) options.say_after = std::chrono::milliseconds(100);
  if (name == "pieces") options.piece_bytes = 10007;  // no multiple of anything
  auto started = MpiWorld::Start(options);
  if (!started.ok()) {
    std::cerr << started.status() << std::endl;
    return ExitCodeOf(started.status().code());
  }
  const std::unique_ptr<MpiWorld> world = *std::move(started);
  const std::unique_ptr<Communicator> communicator = world->communicator();
  QueueStream stream("check");
  const CheckRank me = {communicator.get(), &stream};
  const bool may_finalize = name == "operations" || name == "pieces" || name == "hang-finalize";
  if (name == "operations" || name == "pieces") {
    CheckOperations(me);
  } else if (!may_finalize && !CheckFailure(name, me)) {
    std::cerr << "no case '" << name << "'" << std::endl;
    return ExitCodeOf(StatusCode::kInvalidArgument);
  }
  const auto limit = std::chrono::seconds(name == "hang-finalize" ? 1 : 60);
  const Status finalized = world->Finalize(limit, ExitCodeOf(StatusCode::kCancelled));
  me.Expect(finalized.ok() == may_finalize, "finalize: " + finalized.ToString());
  std::ofstream(OkFile(folder, me.rank().value)) << "ok\n";
  if (!may_finalize) {
    AwaitAllRanks(folder, me);
    _exit(0);
  }
  return 0;
}

}  // namespace
}  // namespace lockstep::comm

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: mpi_world_check CASE FOLDER" << std::endl;
    return 64;
  }
  return lockstep::comm::Run(argv[1], argv[2]);
}
