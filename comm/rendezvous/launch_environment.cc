// SPDX-License-Identifier: Apache-2.0
#include "comm/rendezvous/launch_environment.h"

#include <charconv>
#include <cstdlib>
#include <sstream>

namespace lockstep::comm {
namespace {

// srun hands these to its tasks where it speaks a process management interface.
constexpr const char* kPmiVariables[] = {"PMIX_RANK", "PMIX_NAMESPACE", "PMI_RANK", "PMI_SIZE",
                                         "PMI_FD"};

Result<std::optional<int32_t>> Number(const Environment& environment, const std::string& name,
                                      int32_t least) {
  const std::optional<std::string> text = environment(name);
  if (!text.has_value()) return std::optional<int32_t>();
  int32_t number = 0;
  const char* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, number);
  if (error != std::errc() || stop != end || number < least) {
    return FailedPrecondition("environment variable " + name + " is '" + *text +
                              "', expected a number of at least " + std::to_string(least) +
                              "; its launcher sets it: start through that launcher, or unset it");
  }
  return std::optional<int32_t>(number);
}

// Fills size, rank and local from the variables named; an empty name is not asked for.
Status ReadNumbers(const Environment& environment, const std::string& size, const std::string& rank,
                   const std::string& local, LaunchEnvironment* launch) {
  if (!size.empty()) {
    ASSIGN_OR_RETURN(launch->size, Number(environment, size, 1));
  }
  ASSIGN_OR_RETURN(const std::optional<int32_t> number, Number(environment, rank, 0));
  if (number.has_value()) launch->rank = Rank(*number);
  if (!local.empty()) {
    ASSIGN_OR_RETURN(launch->local, Number(environment, local, 1));
  }
  if (launch->size.has_value() && launch->rank.has_value() &&
      launch->rank->value >= *launch->size) {
    return FailedPrecondition("the environment says rank " + std::to_string(launch->rank->value) +
                              " (" + rank + ") of " + std::to_string(*launch->size) + " (" + size +
                              "), which cannot be; start through one launcher only");
  }
  return OkStatus();
}

bool SpeaksPmi(const Environment& environment) {
  for (const char* name : kPmiVariables) {
    if (environment(name).has_value()) return true;
  }
  return false;
}

Status SrunWithoutPmi(const LaunchEnvironment& launch) {
  std::ostringstream out;
  out << "srun started " << *launch.size << " tasks, but without a way to find one another (no "
      << "PMIX_* or PMI_* in the environment): each would believe it is alone; use srun --mpi=pmix "
      << "(srun --mpi=list shows what this SLURM has), or mpirun";
  return FailedPrecondition(out.str());
}

Status AnotherMpi(const LaunchEnvironment& launch) {
  std::ostringstream out;
  out << launch.name << " started " << *launch.size << " processes, but MPI says that this one is "
      << "alone: the launcher belongs to another MPI than the MPI plugin was built against; "
      << "rebuild the plugin with the launcher's MPI (ninja lockstep_mpi), or use the mpirun of "
         "the "
      << "plugin's MPI";
  if (launch.in_slurm_step) out << ", or srun --mpi=pmix";
  return FailedPrecondition(out.str());
}

Status SizesOfWorldDiffer(const LaunchEnvironment& launch, int32_t mpi_size) {
  std::ostringstream out;
  out << launch.name << " announced " << *launch.size << " ranks, but MPI says " << mpi_size
      << "; one launcher inside another? start the program by one mpirun or srun alone";
  return FailedPrecondition(out.str());
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

// mpirun and mpiexec start their helpers by srun inside an allocation, so SLURM's variables come
// last. SLURM_NTASKS says nothing: a lone process in an allocation has it too.
Result<LaunchEnvironment> ReadLaunchEnvironment(const Environment& environment) {
  LaunchEnvironment launch;
  ASSIGN_OR_RETURN(const std::optional<int32_t> tasks,
                   Number(environment, "SLURM_STEP_NUM_TASKS", 1));
  launch.in_slurm_step = tasks.has_value();
  if (environment("OMPI_COMM_WORLD_SIZE").has_value()) {
    launch.launcher = Launcher::kOpenMpi;
    launch.name = "Open MPI's mpirun";
    RETURN_IF_ERROR(ReadNumbers(environment, "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK",
                                "OMPI_COMM_WORLD_LOCAL_SIZE", &launch));
  } else if (environment("PMI_SIZE").has_value()) {
    launch.launcher = Launcher::kPmi;
    launch.name = tasks.has_value() ? "srun (PMI)" : "mpiexec (PMI)";
    RETURN_IF_ERROR(ReadNumbers(environment, "PMI_SIZE", "PMI_RANK", "MPI_LOCALNRANKS", &launch));
  } else if (environment("PMIX_RANK").has_value()) {
    launch.launcher = Launcher::kPmix;
    launch.name = tasks.has_value() ? "srun (PMIx)" : "a launcher that speaks PMIx";
    RETURN_IF_ERROR(ReadNumbers(environment, tasks.has_value() ? "SLURM_STEP_NUM_TASKS" : "",
                                "PMIX_RANK", "", &launch));
  } else if (tasks.value_or(1) > 1) {
    launch.launcher = Launcher::kSrun;
    launch.name = "srun";
    RETURN_IF_ERROR(ReadNumbers(environment, "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "", &launch));
  }
  return launch;
}

Status CheckLaunch(const Environment& environment, std::optional<int32_t> mpi_size,
                   std::optional<int32_t> ranks_option) {
  ASSIGN_OR_RETURN(const LaunchEnvironment launch, ReadLaunchEnvironment(environment));
  if (launch.launcher == Launcher::kSrun && !SpeaksPmi(environment)) return SrunWithoutPmi(launch);
  if (launch.launcher != Launcher::kAlone && ranks_option.has_value()) {
    return InvalidArgument("--ranks " + std::to_string(*ranks_option) +
                           " starts ranks as threads "
                           "of one process, but " +
                           launch.name +
                           " has already started the ranks; "
                           "leave --ranks out, or start without " +
                           launch.name);
  }
  if (!mpi_size.has_value() || !launch.size.has_value() || *mpi_size == *launch.size) {
    return OkStatus();
  }
  return *mpi_size == 1 ? AnotherMpi(launch) : SizesOfWorldDiffer(launch, *mpi_size);
}

std::optional<std::string> SignalWarning(const Environment& environment) {
  if (!environment("OMPI_COMM_WORLD_SIZE").has_value()) return std::nullopt;
  if (environment("OMPI_MCA_odls_base_sigkill_timeout").has_value()) return std::nullopt;
  return "mpirun kills its ranks 0.9 s after it gets SIGTERM or SIGINT, too soon for a checkpoint; "
         "set OMPI_MCA_odls_base_sigkill_timeout=4 before mpirun, and stop a run with "
         "kill -USR1 PID-OF-MPIRUN";
}

}  // namespace lockstep::comm
