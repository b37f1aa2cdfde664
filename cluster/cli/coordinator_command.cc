// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/coordinator_command.h"

#include <signal.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/fault_point.h"
#include "base/file.h"
#include "base/log.h"
#include "comm/rpc/coordinator_file.h"
#include "comm/rpc/rpc.h"
#include "coordinator/run/run_coordinator.h"

namespace lockstep::cluster {
namespace {

constexpr Duration kBetweenLooks = std::chrono::milliseconds(100);
constexpr Duration kLeaving = std::chrono::seconds(5);  // for ranks to hear of the end and go

std::atomic<int> stop_signal = 0;
static_assert(std::atomic<int>::is_always_lock_free, "set in a signal handler");

// While it lives, SIGINT and SIGTERM only set stop_signal.
class StopSignals {
 public:
  StopSignals() {
    stop_signal = 0;
    struct sigaction action = {};
    action.sa_handler = [](int signal) { stop_signal = signal; };
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, &former_int_);
    ::sigaction(SIGTERM, &action, &former_term_);
  }
  ~StopSignals() {
    ::sigaction(SIGINT, &former_int_, nullptr);
    ::sigaction(SIGTERM, &former_term_, nullptr);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  struct sigaction former_int_ = {}, former_term_ = {};
};

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

Status Serve(coordinator::RunCoordinator* coordinator) {
  while (!coordinator->finished()) {
    if (const int signal = stop_signal; signal != 0) {
      const Status stopped = Cancelled("the coordinator was stopped by " +
                                       std::string(signal == SIGINT ? "SIGINT" : "SIGTERM"));
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
  const StopSignals signals;
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
  const Status status = Serve(&coordinator);
  server->Shutdown(Deadline::In(std::chrono::seconds(1)));
  return status;
}

}  // namespace lockstep::cluster
