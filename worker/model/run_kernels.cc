// SPDX-License-Identifier: Apache-2.0
#include "worker/model/run_kernels.h"

#include <algorithm>

#include "base/file.h"
#include "base/hash.h"
#include "base/lookup_path.h"
#include "storage/kernel_file/kernel_file.h"
#include "worker/device/build_id.h"

namespace lockstep::worker {
namespace {

// The remedy for a run that has begun, and cannot go on with another file.
constexpr char kCopyRemedy[] =
    "put the file back that the run began with, go on with the recipe's and with --new-bits, or "
    "begin anew with --overwrite (made here by `lockstep tune RECIPE --out FILE`)";
constexpr char kRemedy[] =
    "make one here with `lockstep tune RECIPE --out FILE`, or leave train.kernel_file out (the "
    "first kernels of each op; other bits)";

std::string PathOf(const TrainConfig& config) {
  const std::string copy = config.run.directory + "/" + kKernelFileCopy;
  const bool goes_on =
      !config.run.directory.empty() && !config.run.overwrite && !config.run.new_bits;
  return goes_on && FileExists(copy) ? copy : config.kernel_file;
}

// Keeps the first difference.
class Comparison {
 public:
  void Same(const std::string& what, const std::string& in_file, const std::string& here) {
    if (!status_.ok() || in_file == here) return;
    status_ = FailedPrecondition("it was made for " + what + " '" + in_file +
                                 "', and here it is '" + here + "'");
  }
  const Status& status() const { return status_; }

 private:
  Status status_;
};

Status CheckMadeForThis(const storage::KernelFile& file, const DeviceSpec& spec) {
  ASSIGN_OR_RETURN(const std::string build, BuildId());
  ASSIGN_OR_RETURN(const std::string hardware, HardwareKind(spec));
  Comparison compare;
  compare.Same("the instruction set (train.cpu_isa)", file.isa, spec.isa);
  compare.Same("threads per lane (batch.lane_threads)", std::to_string(file.threads),
               std::to_string(spec.threads));
  compare.Same("the hardware kind", file.hardware, hardware);
  compare.Same("the build", file.build, build);
  return compare.status();
}

Result<RunKernels> Load(const std::string& path, const DeviceSpec& spec) {
  RunKernels kernels;
  kernels.path = path;
  ASSIGN_OR_RETURN(kernels.text, ReadFile(path));
  ASSIGN_OR_RETURN(const storage::KernelFile file, storage::DecodeKernelFile(kernels.text));
  RETURN_IF_ERROR(CheckMadeForThis(file, spec));
  kernels.hash = storage::KernelFileHash(kernels.text);
  kernels.choices.source = "kernel file '" + path + "'";
  for (const storage::KernelFileChoice& c : file.choices) {
    kernels.choices.by_node[c.key()] = {c.kernel, c.algorithm};
  }
  return kernels;
}

}  // namespace

Result<RunKernels> LoadRunKernels(const TrainConfig& config, const DeviceSpec& spec) {
  if (config.kernel_file.empty()) return RunKernels{};
  if (config.reference_kernels()) {
    return InvalidArgument("kernel file '" + config.kernel_file +
                           "' does nothing with reference kernels (train.kernels = \"reference\" "
                           "or train.precision = \"fp64\"); leave one of them out");
  }
  const std::string path = PathOf(config);
  Result<RunKernels> kernels = Load(path, spec);
  if (kernels.ok()) return kernels;
  return Status(kernels.status().code(), "kernel file " + LookupPathText(path) + ": " +
                                             kernels.status().message() + "; " +
                                             (path == config.kernel_file ? kRemedy : kCopyRemedy));
}

std::string FixedKeysOf(const TrainConfig& config, const RunKernels& kernels) {
  if (kernels.path.empty()) return config.fixed_keys;
  const std::string added = "train.kernel_file=" + Hex64(kernels.hash) + "\n";
  const std::string& lines = config.fixed_keys;
  size_t at = 0;  // the lines are sorted and stay so
  while (at < lines.size() && lines.compare(at, added.size(), added) < 0) {
    at = std::min(lines.find('\n', at), lines.size() - 1) + 1;
  }
  return lines.substr(0, at) + added + lines.substr(at);
}

std::vector<std::string> KernelNotes(const TrainConfig& config, const RunKernels& kernels) {
  if (kernels.path.empty()) return {};
  std::vector<std::string> notes = {"kernels chosen by " + kernels.path + ", hash " +
                                    Hex64(kernels.hash)};
  const Result<std::string> now = ReadFile(config.kernel_file);
  if (now.ok() && *now != kernels.text) {
    notes.push_back("'" + config.kernel_file +
                    "' (train.kernel_file) is another now: without effect on this run");
  }
  return notes;
}

}  // namespace lockstep::worker
