// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/coordinator_command.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "base/fault_point.h"
#include "base/file.h"
#include "base/log.h"
#include "base/watch.h"
#include "cluster/cli/command.h"
#include "comm/rpc/coordinator_file.h"
#include "comm/rpc/rpc.h"
#include "coordinator/run/run_coordinator.h"

namespace lockstep::cluster {
namespace {

constexpr Duration kBetweenLooks = std::chrono::milliseconds(100);
constexpr Duration kLeaving = std::chrono::seconds(5);  // for ranks to hear of the end and go

// The coordinator's file, removed at the end: a stale one only sends ranks to nobody.
class PublishedFile {
 public:
  PublishedFile(std::string path, comm::CoordinatorFile file)
      : path_(std::move(path)), file_(std::move(file)) {}
  ~PublishedFile() {
    const auto there = comm::ReadCoordinatorFile(path_);
    if (there.ok() && there->token == file_.token) (void)RemoveFileIfExists(path_);
  }
  PublishedFile(const PublishedFile&) = delete;
  PublishedFile& operator=(const PublishedFile&) = delete;

  Status Write() const { return comm::WriteCoordinatorFile(path_, file_); }

 private:
  std::string path_;
  comm::CoordinatorFile file_;
};

std::string FileOf(const CoordinatorCommandOptions& options) {
  if (!options.file.empty()) return options.file;
  return (options.state_directory.empty() ? "." : options.state_directory) + "/coordinator.json";
}

Status Serve(coordinator::RunCoordinator* coordinator, const std::atomic<bool>* stop) {
  while (!coordinator->finished()) {
    if (!CheckStop(stop).ok()) {
      const Status stopped = Cancelled("the coordinator was stopped on request");
      coordinator->Stop(stopped);
      if (coordinator->over()) {
        (void)coordinator->WaitUntilEveryoneLeft(Deadline::In(kLeaving));
      }
      return stopped;
    }
    std::this_thread::sleep_for(kBetweenLooks);  // a signal handler can wake nobody
  }
  (void)coordinator->WaitUntilEveryoneLeft(Deadline::In(kLeaving));
  LOG(kInfo) << "the run has finished";
  return OkStatus();
}

}  // namespace

Status RunCoordinatorCommand(const CoordinatorCommandOptions& options, Console* console) {
  SetFaultProcessName("coordinator");
  if (!options.state_directory.empty()) RETURN_IF_ERROR(MakeDirs(options.state_directory));
  ASSIGN_OR_RETURN(const std::string token, comm::MakeToken());
  coordinator::RunCoordinatorOptions run_options;
  run_options.claim.state_directory = options.state_directory;
  coordinator::RunCoordinator coordinator(run_options);
  ASSIGN_OR_RETURN(
      const auto server,
      comm::CoordinatorServer::Start(
          {.listen = options.listen, .token = token, .allow_open = options.insecure_listen},
          &coordinator));
  const std::string path = FileOf(options);
  const PublishedFile file(path, {server->address(), token});
  RETURN_IF_ERROR(file.Write());
  if (options.insecure_listen) {
    LOG(kWarning) << "listening without encryption: whoever can read this network can read the "
                     "job's token";
  }
  console->out << "coordinator  " << server->address() << "\nfile         " << path
               << "\nStart the ranks with: lockstep train RECIPE --coordinator " << path
               << std::endl;
  const Status status = Serve(&coordinator, console->stop);
  server->Shutdown(Deadline::In(std::chrono::seconds(1)));
  return status;
}

Command CoordinatorCommand() {
  const auto o = std::make_shared<CoordinatorCommandOptions>();
  return {.name = "coordinator",
          .description = R"(Host the coordinator of a run in a process of its own.

Examples:
  lockstep coordinator --file coordinator.json &
  mpirun -np 4 lockstep train RECIPE --coordinator coordinator.json
)",
          .options = {{"--listen",
                       &o->listen,
                       "Where to listen; port 0: any free one",
                       {.shows_default = true}},
                      {"--file", &o->file,
                       "File to write address and token to; default: coordinator.json in --state "
                       "or here"},
                      {"--state", &o->state_directory,
                       "Directory for the ledger where the run's directory cannot lock"},
                      {"--insecure-listen", &o->insecure_listen,
                       "Allow to listen, in plaintext, where other machines reach it"}},
          .run = [o](Console* console) { return RunCoordinatorCommand(*o, console); },
          .at_stop = "telling the ranks to end"};
}

}  // namespace lockstep::cluster
