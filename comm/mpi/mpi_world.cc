// SPDX-License-Identifier: Apache-2.0
#include "comm/mpi/mpi_world.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/terminal.h"
#include "comm/mpi/mpi_connection.h"
#include "comm/mpi/plugin_loader.h"
#include "comm/mpi/watchdog.h"

namespace lockstep::comm {
namespace {

// "rank 3 (host n01, pid 4711)", from what is known without MPI.
std::string Self(std::optional<Rank> rank) {
  char host[256] = "?";
  if (gethostname(host, sizeof(host)) == 0) host[sizeof(host) - 1] = '\0';
  return (rank.has_value() ? "rank " + std::to_string(rank->value) : "a rank") + " (host " + host +
         ", pid " + std::to_string(getpid()) + ")";
}

std::string SecondsText(Duration d) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(d).count()) + " s";
}

// From the watchdog's thread, while the main thread hangs in MPI: no destructor may run.
[[noreturn]] void EndNow(const std::string& line, int exit_code) {
  WriteToStderr(line + "\n");
  _exit(exit_code);
}

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
                   std::shared_ptr<MpiConnection> connection)
    : mpi_(mpi), library_(std::move(library)), connection_(std::move(connection)) {}

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
    const std::string line =
        Self(launch.rank) + ": MPI_Init of " + library + " has not returned after " +
        SecondsText(options.init_limit) + ", " + launch.name +
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
  return std::unique_ptr<MpiWorld>(new MpiWorld(mpi, std::move(library), std::move(connection)));
}

Rank MpiWorld::rank() const { return connection_->rank(); }
int32_t MpiWorld::size() const { return connection_->size(); }

std::unique_ptr<Communicator> MpiWorld::communicator() const {
  return MakeQueuedCommunicator(connection_);
}

Status MpiWorld::BlockingAllReduceSum(void* data, size_t count, DType dtype) const {
  return connection_->BlockingAllReduceSum(data, count, dtype);
}

Status MpiWorld::Finalize(Duration limit, int exit_code) {
  const Deadline deadline = Deadline::In(limit);
  const std::string line = Self(rank()) + ": the run is finished, but MPI_Finalize of " + library_ +
                           " has not returned after " + SecondsText(limit) +
                           "; leaving without it (exit code " + std::to_string(exit_code) +
                           "); look whether another rank stopped before its end";
  const Watchdog watchdog(deadline, [&line, exit_code] { EndNow(line, exit_code); });
  RETURN_IF_ERROR(connection_->Close(Deadline::Never()));
  const int error = mpi_->finalize();
  if (error == 0) return OkStatus();
  return Unavailable(library_ + ": MPI_Finalize failed; the run itself is finished");
}

}  // namespace lockstep::comm
