// SPDX-License-Identifier: Apache-2.0
#include "base/device/cuda/cuda_loader.h"

#include <dlfcn.h>

#include <filesystem>

namespace lockstep {
namespace {

constexpr const char* kFileName = "liblockstep_cuda.so";
constexpr const char* kOnACpu = "or run with run.device = \"cpu\"";

// "13.0" of CUDA's 13000.
std::string VersionText(int32_t version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

Status NowhereFound(const std::vector<std::string>& places) {
  std::string text = "the CUDA plugin was not found; tried";
  for (size_t i = 0; i < places.size(); ++i) text += (i == 0 ? " " : ", ") + places[i];
  return FailedPrecondition(text +
                            "; build it (scripts/setup.sh cuda, cmake, ninja lockstep_cuda) and "
                            "set LOCKSTEP_CUDA_PLUGIN to its path, " +
                            kOnACpu);
}

std::string DriverText(const lockstep_cuda* cuda, int error) {
  char text[512] = "";
  cuda->error_text(error, text, sizeof(text));
  return text;
}

}  // namespace

std::vector<std::string> CudaPluginPlaces(const EnvironmentLookup& environment,
                                          const std::string& program_folder) {
  const auto named = environment("LOCKSTEP_CUDA_PLUGIN");
  if (named.has_value() && !named->empty()) return {*named};
  return {program_folder + "/" + kFileName, program_folder + "/../base/device/cuda/" + kFileName,
          program_folder + "/../lib/lockstep/" + kFileName};
}

Result<const lockstep_cuda*> OpenCudaPlugin(const std::vector<std::string>& places) {
  for (const std::string& place : places) {
    std::error_code error;
    if (!std::filesystem::exists(place, error)) continue;
    void* const object = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (object == nullptr) {
      const char* const reason = dlerror();
      return FailedPrecondition("the CUDA plugin " + place + " cannot be opened: " +
                                (reason != nullptr ? reason : "no reason given") +
                                "; rebuild it (ninja lockstep_cuda), " + kOnACpu);
    }
    const auto* const cuda =
        static_cast<const lockstep_cuda*>(dlsym(object, LOCKSTEP_CUDA_PLUGIN_SYMBOL));
    if (cuda == nullptr || cuda->abi_version != LOCKSTEP_CUDA_ABI_VERSION) {
      return FailedPrecondition(
          "the CUDA plugin " + place +
          (cuda == nullptr ? " has no symbol " LOCKSTEP_CUDA_PLUGIN_SYMBOL
                           : " is of version " + std::to_string(cuda->abi_version)) +
          "; this program needs version " + std::to_string(LOCKSTEP_CUDA_ABI_VERSION) +
          ": rebuild it from the same source (ninja lockstep_cuda)");
    }
    return cuda;
  }
  return NowhereFound(places);
}

Result<int32_t> StartCuda(const lockstep_cuda* cuda) {
  int32_t devices = 0, version = 0;
  const int error = cuda->open(&devices, &version);
  if (error == LOCKSTEP_CUDA_NO_DRIVER) {
    return FailedPrecondition(
        std::string("this machine has no NVIDIA driver: libcuda.so.1 cannot be opened; install a "
                    "driver for CUDA 13.0 or newer (in a container: start it with its GPUs), ") +
        kOnACpu);
  }
  if (error == LOCKSTEP_CUDA_OLD_DRIVER) {
    return FailedPrecondition("the NVIDIA driver is for CUDA " + VersionText(version) +
                              "; expected " + VersionText(LOCKSTEP_CUDA_LEAST_DRIVER) +
                              " or newer: install driver 580 or newer, " + kOnACpu);
  }
  if (error != 0) {
    return FailedPrecondition("the NVIDIA driver does not start: " + DriverText(cuda, error) +
                              "; see what nvidia-smi says, " + kOnACpu);
  }
  if (devices < 1) {
    return FailedPrecondition(
        std::string("there is no GPU that this process may use; see what nvidia-smi lists and "
                    "what CUDA_VISIBLE_DEVICES says, ") +
        kOnACpu);
  }
  return devices;
}

Status CudaStatus(const lockstep_cuda* cuda, const std::string& call, int error) {
  if (error == 0) return OkStatus();
  return Internal("CUDA's " + call + " failed: " + DriverText(cuda, error));
}

}  // namespace lockstep
