// SPDX-License-Identifier: Apache-2.0
#include "comm/mpi/mpi_world.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/device/queue_stream.h"
#include "base/fault_point.h"
#include "base/terminal.h"
#include "comm/mpi/mpi_connection.h"
#include "comm/mpi/plugin_loader.h"
#include "comm/mpi/presence_thread.h"
#include "comm/mpi/watchdog.h"

namespace lockstep::comm {
namespace {

// Ranks that are present end a run together; what the last of them writes may take a while.
constexpr Duration kAllEndLimit = std::chrono::minutes(30);

// "rank 3 (host n01, pid 4711)", from what is known without MPI.
std::string Self(std::optional<Rank> rank) {
  char host[256] = "?";
  if (gethostname(host, sizeof(host)) == 0) host[sizeof(host) - 1] = '\0';
  return (rank.has_value() ? "rank " + std::to_string(rank->value) : "a rank") + " (host " + host +
         ", pid " + std::to_string(getpid()) + ")";
}

std::string WholeSeconds(Duration d) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(d).count()) + " s";
}

// Called by the watchdog's thread while the main thread hangs in MPI, so no destructor may run.
[[noreturn]] void EndNow(const std::string& line, int exit_code) {
  WriteToStderr(line + "\n");
  _exit(exit_code);
}

// Where all ranks wait, two say so: one of them may be the one that is waited for.
bool IsSpeaker(std::optional<Rank> rank) { return !rank.has_value() || rank->value <= 1; }

void Say(const std::string& line) { WriteToStderr("lockstep: " + line + "\n"); }

// "Open MPI v4.1.4, package: ..., ident: ..." -> "Open MPI v4.1.4"; MPICH's has a line each.
std::string ShortVersion(const std::string& version) {
  std::string text = version.substr(0, version.find_first_of(",\n"));
  std::replace(text.begin(), text.end(), '\t', ' ');
  return text;
}

Status InitFailed(const lockstep_mpi* mpi, const std::string& library, int error) {
  char text[512] = "";
  mpi->error_text(error, text, sizeof(text));
  return Unavailable(library + ": MPI_Init or its first calls failed: " + text +
                     "; look whether the MPI's own examples run with this launcher, and whether it "
                     "supports MPI_THREAD_SERIALIZED");
}

}  // namespace

MpiWorld::MpiWorld(const lockstep_mpi* mpi, std::string library,
                   std::shared_ptr<MpiConnection> connection, Duration say_after)
    : mpi_(mpi),
      library_(std::move(library)),
      connection_(std::move(connection)),
      say_after_(say_after) {}

MpiWorld::~MpiWorld() = default;

Result<std::unique_ptr<MpiWorld>> MpiWorld::Start(const MpiOptions& options) {
  RETURN_IF_ERROR(CheckLaunch(options.environment, std::nullopt, options.ranks_option));
  ASSIGN_OR_RETURN(const LaunchEnvironment launch, ReadLaunchEnvironment(options.environment));
  ASSIGN_OR_RETURN(const std::string folder, ProgramFolder());
  ASSIGN_OR_RETURN(const lockstep_mpi* const mpi,
                   OpenMpiPlugin(MpiPluginPlaces(options.environment, folder)));
  std::string library = ShortVersion(mpi->library_version());
  lockstep_mpi_world world = {};
  {
    const Watchdog patience(Deadline::In(options.say_after), [&] {
      if (!IsSpeaker(launch.rank)) return;
      Say(Self(launch.rank) + ": MPI_Init has been waiting for the other ranks for " +
          WholeSeconds(options.say_after) + "; it is given up after " +
          WholeSeconds(options.init_limit));
    });
    const std::string line =
        Self(launch.rank) + ": MPI_Init of " + library + " has not returned after " +
        WholeSeconds(options.init_limit) + ", " + launch.name +
        "; look whether every rank was started, and whether the hosts reach one another (Open MPI: "
        "--mca btl_tcp_if_include NETWORK, mpirun's own output)";
    const Watchdog watchdog(Deadline::In(options.init_limit),
                            [&line] { EndNow(line, ExitCodeOf(StatusCode::kDeadlineExceeded)); });
    if (const int error = mpi->init(&world); error != 0) return InitFailed(mpi, library, error);
  }
  const Status fits = CheckLaunch(options.environment, world.size, options.ranks_option);
  RETURN_IF_ERROR(fits.WithContext("MPI plugin of " + library));
  auto connection = std::make_shared<MpiConnection>(mpi, world, options.piece_bytes);
  RETURN_IF_ERROR(connection->Open());
  std::unique_ptr<MpiWorld> started(
      new MpiWorld(mpi, std::move(library), std::move(connection), options.say_after));
  if (options.presence != nullptr && world.size > 1) {
    ASSIGN_OR_RETURN(started->presence_,
                     PresenceThread::Start(started->connection_, options.presence));
  }
  return started;
}

void MpiWorld::SetSilenceLimit(Duration limit) {
  if (presence_ != nullptr) presence_->SetLimit(limit);
}

Rank MpiWorld::rank() const { return connection_->rank(); }
int32_t MpiWorld::size() const { return connection_->size(); }

std::unique_ptr<Communicator> MpiWorld::communicator() const {
  return MakeQueuedCommunicator(connection_);
}

Status MpiWorld::BlockingAllReduceSum(void* data, size_t count, DType dtype) const {
  return connection_->BlockingAllReduceSum(data, count, dtype);
}

Status MpiWorld::AwaitAll() {
  QueueStream stream("end");
  return communicator()->Barrier(&stream, Deadline::In(kAllEndLimit))->Wait(Deadline::Never());
}

Status MpiWorld::Finalize(Duration limit, int exit_code) {
  if (presence_ != nullptr) {
    RETURN_IF_ERROR(AwaitAll());
    presence_.reset();
  }
  FaultPoint("mpi.finalize");
  const Watchdog patience(Deadline::In(say_after_), [&] {
    if (!IsSpeaker(rank())) return;
    Say(Self(rank()) +
        ": the run is finished, and MPI_Finalize has been waiting for the other "
        "ranks for " +
        WholeSeconds(say_after_) + "; it is left alone after " + WholeSeconds(limit));
  });
  const Deadline deadline = Deadline::In(limit);
  const std::string line = Self(rank()) + ": the run is finished, but MPI_Finalize of " + library_ +
                           " has not returned after " + WholeSeconds(limit) +
                           "; leaving without it (exit code " + std::to_string(exit_code) +
                           "); look whether another rank stopped before its end";
  const Watchdog watchdog(deadline, [&line, exit_code] { EndNow(line, exit_code); });
  RETURN_IF_ERROR(connection_->Close(Deadline::Never()));  // the watchdog's
  const int error = mpi_->finalize();
  if (error == 0) return OkStatus();
  return Unavailable(library_ + ": MPI_Finalize failed; the run itself is finished");
}

}  // namespace lockstep::comm
