// SPDX-License-Identifier: Apache-2.0
// Finding and opening the CUDA plugin (base/device/cuda_abi.h), a shared object that is never
// linked, and starting the driver through it.
//
// The plugin is looked for in $LOCKSTEP_CUDA_PLUGIN alone where that is set; else as
// liblockstep_cuda.so beside the program, in ../base/device/cuda (a build tree) and in
// ../lib/lockstep (an installation).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/device/cuda_abi.h"
#include "base/status.h"

namespace lockstep {

// The value of an environment variable, where it is set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;

// The places looked at, in order. `program_folder` is where the running program lies.
std::vector<std::string> CudaPluginPlaces(const EnvironmentLookup& environment,
                                          const std::string& program_folder);

// Opens the first of `places` that exists; it stays open until the process ends. Opening starts no
// driver. Failed-precondition, with what was tried and what to do: nothing is there, it cannot be
// opened, or it is of another version than the program.
Result<const lockstep_cuda*> OpenCudaPlugin(const std::vector<std::string>& places);

// Starts the driver: how many GPUs this process may use, at least one. Failed-precondition, in one
// line with the remedy: there is no driver, it is too old, it cannot start, or there is no GPU.
Result<int32_t> StartCuda(const lockstep_cuda* cuda);

// Internal, with the driver's text: `call` returned `error`. OK for 0.
Status CudaStatus(const lockstep_cuda* cuda, const std::string& call, int error);

}  // namespace lockstep
