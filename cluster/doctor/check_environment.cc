// SPDX-License-Identifier: Apache-2.0
// Variables, MPI and limits of this process.
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>

#include "base/lower_case.h"
#include "base/process_limits.h"
#include "cluster/doctor/checks.h"
#include "comm/mpi/plugin_loader.h"
#include "worker/device/library_variables.h"
#include "worker/device/openmp_settings.h"
#include "worker/model/memory_report.h"

namespace lockstep::cluster {
namespace {

std::string LimitText(uint64_t limit) {
  return limit == UINT64_MAX ? "unlimited" : std::to_string(limit);
}

std::string LimitBytesText(uint64_t limit) {
  return limit > INT64_MAX ? "unlimited" : worker::BytesText(static_cast<int64_t>(limit));
}

Finding CheckLaunchedBy(const comm::Environment& environment) {
  const auto launch = comm::ReadLaunchEnvironment(environment);
  if (!launch.ok()) {
    return Problem("launcher", launch.status().message(),
                   "unset the variable, or start with mpirun or srun anew");
  }
  const Status startable = comm::CheckLaunch(environment, std::nullopt, std::nullopt);
  if (!startable.ok()) {
    return Problem("launcher", launch->name, startable.message());
  }
  std::string text = launch->name;
  if (launch->size.has_value()) text += ", " + std::to_string(*launch->size) + " ranks";
  if (const auto warning = comm::SignalWarning(environment)) {
    return Warning("launcher", text, *warning);
  }
  return Ok("launcher",
            launch->launcher == comm::Launcher::kAlone ? "none: a process alone" : text);
}

}  // namespace

Findings CheckMpi(const comm::Environment& environment, int cores, int online) {
  Findings findings = {CheckLaunchedBy(environment)};
  const auto open = [&]() -> Result<std::string> {
    ASSIGN_OR_RETURN(const std::string folder, comm::ProgramFolder());
    ASSIGN_OR_RETURN(const lockstep_mpi* mpi,
                     comm::OpenMpiPlugin(comm::MpiPluginPlaces(environment, folder)));
    return std::string(mpi->library_version());
  };
  Result<std::string> library = open();
  if (library.ok()) {
    library->resize(std::min(library->find('\n'), library->size()));
    findings.push_back(Ok("mpi", *library));
  } else {
    findings.push_back(Warning("mpi", library.status().message(),
                               "ranks as threads (--ranks) work without it; for mpirun and srun do "
                               "what the message says"));
  }
  findings.push_back(Ok("binding", cores < online
                                       ? "bound to " + std::to_string(cores) + " of " +
                                             std::to_string(online) + " cores"
                                       : "not bound: all " + std::to_string(online) + " cores"));
  return findings;
}

Findings CheckThreadVariables(const comm::Environment& environment, int cores) {
  Findings findings;
  for (const worker::OpenMpProblem& problem : worker::OpenMpProblems(environment, cores)) {
    findings.push_back(Problem(problem.variable, problem.text, problem.remedy));
  }
  std::string openmp, openblas;
  for (const char* name : {"OMP_NUM_THREADS", "OMP_PROC_BIND", "OMP_PLACES", "OMP_WAIT_POLICY",
                           "GOMP_CPU_AFFINITY", "OMP_THREAD_LIMIT", "OMP_DYNAMIC"}) {
    if (const auto value = environment(name)) openmp += std::string(" ") + name + "=" + *value;
  }
  for (const char* name : {"OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "OPENBLAS_VERBOSE"}) {
    if (const auto value = environment(name)) openblas += std::string(" ") + name + "=" + *value;
  }
  const auto bind = environment("OMP_PROC_BIND"), affinity = environment("GOMP_CPU_AFFINITY");
  if ((bind.has_value() && LowerCase(*bind) != "false") || affinity.has_value()) {
    findings.push_back(Warning("openmp", "set:" + openmp,
                               "binding by OpenMP puts the threads of all lanes on the same cores: "
                               "unset OMP_PROC_BIND and GOMP_CPU_AFFINITY"));
  } else {
    findings.push_back(
        Ok("openmp", openmp.empty() ? "no OMP_* variable that matters" : "set:" + openmp));
  }
  findings.push_back(Ok("openblas", openblas.empty()
                                        ? "no OPENBLAS_* variable; training does not use OpenBLAS"
                                        : "set:" + openblas + "; training does not use OpenBLAS"));
  return findings;
}

Findings CheckLibraryVariables(const comm::Environment& environment) {
  Findings findings;
  for (const worker::LibraryVariable& variable : worker::LibraryVariables()) {
    const auto value = environment(variable.name);
    if (value.value_or("").empty()) continue;
    const std::string text =
        "'" + *value + "', read by " + variable.library + ": " + variable.remark;
    if (variable.treatment == worker::Treatment::kHarmless) {
      findings.push_back(Ok(variable.name, text));
    } else if (variable.treatment == worker::Treatment::kRecorded) {
      findings.push_back(Warning(variable.name, text,
                                 "give it every process of a run, at every start, or unset it: a "
                                 "run is not gone on with under another build or hardware kind"));
    } else {
      findings.push_back(Warning(variable.name, text, std::string("unset ") + variable.name));
    }
  }
  if (findings.empty()) {
    findings.push_back(
        Ok("library variables", "none set that oneDNN, the C library or gRPC reads"));
  }
  return findings;
}

Finding CheckRoomHere(int cores) {
  const int threads = cores + kThreadsOfACommand;
  const Status room = CheckRoom(threads, kBytesOfACommand, "a command");
  if (!room.ok())
    return Problem("threads", room.message(), "raise the limit that the finding names");
  const std::string limits = LimitsText();
  return Ok("threads", std::to_string(threads) + " can be started" +
                           (limits.empty() ? "; no limits here" : limits));
}

ResourceLimits OwnResourceLimits() {
  const auto soft = [](auto resource) -> uint64_t {
    rlimit limit{};
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
    return limit.rlim_cur;
  };
  return {soft(RLIMIT_NOFILE), soft(RLIMIT_MEMLOCK), soft(RLIMIT_FSIZE)};
}

Findings CheckLimits(const ResourceLimits& limits, bool infiniband) {
  constexpr uint64_t kFewFiles = 512, kLittleLocked = uint64_t{1} << 30;
  Findings findings;
  const std::string files = "nofile " + LimitText(limits.open_files);
  findings.push_back(
      limits.open_files < kFewFiles
          ? Warning("ulimit -n", files,
                    "a dataset's files, checkpoints and connections are open together: ulimit -n "
                    "4096")
          : Ok("ulimit -n", files));
  const std::string locked = "memlock " + LimitBytesText(limits.locked_bytes);
  findings.push_back(infiniband && limits.locked_bytes < kLittleLocked
                         ? Warning("ulimit -l", locked,
                                   "InfiniBand registers its buffers as locked memory: ulimit -l "
                                   "unlimited, in the job and for the batch system's daemon")
                         : Ok("ulimit -l", locked + (infiniband ? "" : "; no InfiniBand here")));
  const std::string size = "file size " + LimitBytesText(limits.file_bytes);
  findings.push_back(limits.file_bytes == UINT64_MAX
                         ? Ok("ulimit -f", size)
                         : Warning("ulimit -f", size,
                                   "datasets and checkpoints may be larger than that, and the "
                                   "write then fails: ulimit -f unlimited"));
  return findings;
}

}  // namespace lockstep::cluster
