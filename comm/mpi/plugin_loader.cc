// SPDX-License-Identifier: Apache-2.0
#include "comm/mpi/plugin_loader.h"

#include <dlfcn.h>

#include <filesystem>

namespace lockstep::comm {
namespace {

constexpr const char* kFileName = "liblockstep_mpi.so";

Status NowhereFound(const std::vector<std::string>& places) {
  std::string text = "the MPI plugin was not found; tried";
  for (size_t i = 0; i < places.size(); ++i) text += (i == 0 ? " " : ", ") + places[i];
  return FailedPrecondition(text +
                            "; build it (ninja lockstep_mpi) and set LOCKSTEP_MPI_PLUGIN to its "
                            "path, or start one process without mpirun and srun");
}

}  // namespace

std::vector<std::string> MpiPluginPlaces(const Environment& environment,
                                         const std::string& program_folder) {
  const auto named = environment("LOCKSTEP_MPI_PLUGIN");
  if (named.has_value() && !named->empty()) return {*named};
  return {program_folder + "/" + kFileName, program_folder + "/../comm/mpi/" + kFileName,
          program_folder + "/../lib/lockstep/" + kFileName};
}

Result<const lockstep_mpi*> OpenMpiPlugin(const std::vector<std::string>& places) {
  for (const std::string& place : places) {
    std::error_code error;
    if (!std::filesystem::exists(place, error)) continue;
    // Global: Open MPI 4's own plugins find their symbols only so.
    void* const object = dlopen(place.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (object == nullptr) {
      const char* const reason = dlerror();
      return FailedPrecondition("the MPI plugin " + place + " cannot be opened: " +
                                (reason != nullptr ? reason : "no reason given") +
                                "; load this site's MPI (module load, LD_LIBRARY_PATH), or rebuild "
                                "the plugin against it (ninja lockstep_mpi)");
    }
    const auto* const mpi =
        static_cast<const lockstep_mpi*>(dlsym(object, LOCKSTEP_MPI_PLUGIN_SYMBOL));
    if (mpi == nullptr || mpi->abi_version != LOCKSTEP_MPI_ABI_VERSION) {
      return FailedPrecondition(
          "the MPI plugin " + place +
          (mpi == nullptr ? " has no symbol " LOCKSTEP_MPI_PLUGIN_SYMBOL
                          : " is of version " + std::to_string(mpi->abi_version)) +
          "; this program needs version " + std::to_string(LOCKSTEP_MPI_ABI_VERSION) +
          ": rebuild it from the same source (ninja lockstep_mpi)");
    }
    return mpi;
  }
  return NowhereFound(places);
}

Result<std::string> ProgramFolder() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) {
    return ErrnoStatus("cannot find the running program by /proc/self/exe", error.value());
  }
  return path.parent_path().string();
}

}  // namespace lockstep::comm
