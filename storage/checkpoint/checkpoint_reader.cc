// SPDX-License-Identifier: Apache-2.0
// Finding, verifying and reading checkpoints. Two kinds of failure are kept apart everywhere: wrong
// bytes (data-loss; the checkpoint is passed over) and a disk that does not answer (asked again,
// then everything stops).
#include <algorithm>
#include <set>

#include "base/fault_point.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/checkpoint_directory.h"
#include "storage/env/disk_faults.h"
#include "storage/env/files.h"

namespace lockstep::storage {
namespace {

constexpr int64_t kMostManifestBytes = int64_t{64} << 20;

// Failures that say the bytes are wrong, not the disk: the file is missing, or no file at all.
bool IsDamage(const Status& status) {
  return status.code() == StatusCode::kNotFound || status.code() == StatusCode::kInvalidArgument ||
         status.code() == StatusCode::kDataLoss;
}

Status ReadFault(const std::string& path) {
  const int error = FaultPoint("checkpoint.read");
  return error == 0 ? OkStatus() : ErrnoStatus("cannot read '" + path + "'", error);
}

Result<std::vector<std::string>> Names(const std::string& path) {
  return RetryDiskFaults([&] { return ListDir(path); });
}

Result<std::string> ReadWhole(const std::string& path, int64_t limit, const Advance& advance = {}) {
  return RetryDiskFaults([&]() -> Result<std::string> {
    RETURN_IF_ERROR(ReadFault(path));
    return ReadRegularFile(path, limit, advance);
  });
}

// Why a directory has no manifest: none of it is there, or it is no checkpoint.
Status ExplainMissing(const std::string& path) {
  const auto names = Names(path);
  if (names.ok()) {
    return DataLoss("'" + path + "' has no " + kCheckpointManifestName + ": it is not complete");
  }
  if (names.status().code() != StatusCode::kNotFound) return names.status();
  if (!PathExists(path)) return NotFound("there is no checkpoint at '" + path + "'");
  return DataLoss("'" + path + "' is a file; a checkpoint is a directory");
}

Result<CheckpointManifest> ReadManifest(const std::string& path, std::optional<CheckpointId> id) {
  const std::string file = path + "/" + kCheckpointManifestName;
  const Result<std::string> text = ReadWhole(file, kMostManifestBytes);
  if (text.status().code() == StatusCode::kNotFound) return ExplainMissing(path);
  if (!text.ok())
    return IsDamage(text.status()) ? DataLoss(text.status().message()) : text.status();
  Result<CheckpointManifest> manifest = DecodeCheckpointManifest(*text);
  if (!manifest.ok()) {
    const bool damaged = manifest.status().code() == StatusCode::kDataLoss;
    return manifest.status().WithContext("'" + file + (damaged ? "' is damaged" : "'"));
  }
  if (id && manifest->id != *id) {
    return DataLoss("'" + file + "' is of checkpoint " + manifest->id.Name() + ", expected " +
                    id->Name());
  }
  return manifest;
}

// What is wrong with one listed file, empty if nothing; with or without reading its bytes.
Result<std::string> ProblemOf(const std::string& path, const CheckpointFile& expected, bool hash,
                              const Advance& advance) {
  const auto found = RetryDiskFaults([&]() -> Result<FileHash> {
    RETURN_IF_ERROR(ReadFault(path));
    if (hash) return HashFile(path, advance);
    ASSIGN_OR_RETURN(const int64_t size, FileSize(path));
    return FileHash{size, expected.hash};
  });
  if (found.status().code() == StatusCode::kNotFound) return expected.name + " is missing";
  if (!found.ok()) {
    if (!IsDamage(found.status())) return found.status();
    return expected.name + ": " + found.status().message();
  }
  if (found->size != expected.size) {
    return expected.name + " has " + std::to_string(found->size) + " bytes, expected " +
           std::to_string(expected.size);
  }
  if (found->hash != expected.hash) {
    return expected.name + " has XXH3-128 " + found->hash.ToHex() + ", expected " +
           expected.hash.ToHex();
  }
  return std::string();
}

Result<std::vector<std::string>> UnlistedFiles(const std::string& path,
                                               const CheckpointManifest& manifest) {
  std::set<std::string> listed = {kCheckpointManifestName};
  for (const CheckpointFile& file : manifest.files) listed.insert(file.name);
  ASSIGN_OR_RETURN(std::vector<std::string> names, Names(path));
  std::erase_if(names, [&](const std::string& name) { return listed.count(name) > 0; });
  return names;
}

Result<CheckpointManifest> Check(const std::string& path, std::optional<CheckpointId> id, bool hash,
                                 const Advance& advance) {
  ASSIGN_OR_RETURN(CheckpointManifest manifest, ReadManifest(path, id));
  std::string problems;
  const auto add = [&](const std::string& problem) {
    if (!problem.empty()) problems += (problems.empty() ? "" : "; ") + problem;
  };
  for (const CheckpointFile& file : manifest.files) {
    ASSIGN_OR_RETURN(const std::string problem,
                     ProblemOf(path + "/" + file.name, file, hash, advance));
    add(problem);
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> unlisted, UnlistedFiles(path, manifest));
  for (const std::string& name : unlisted) add(name + " is not listed in the manifest");
  if (problems.empty()) return manifest;
  return DataLoss("checkpoint '" + path + "' is damaged: " + problems);
}

Result<SafetensorsFile> ReadTensorFile(const std::string& path, const CheckpointFile& expected,
                                       const Advance& advance) {
  ASSIGN_OR_RETURN(std::string bytes, ReadWhole(path, expected.size, advance));
  const Hash128Value hash = Hash128(bytes);
  if (static_cast<int64_t>(bytes.size()) != expected.size || hash != expected.hash) {
    return DataLoss("'" + path + "' is damaged: " + std::to_string(bytes.size()) +
                    " bytes with XXH3-128 " + hash.ToHex() + ", expected " +
                    std::to_string(expected.size) + " bytes with " + expected.hash.ToHex());
  }
  return SafetensorsFile::Parse(std::move(bytes), path);
}

}  // namespace

std::string CheckpointsFolder(const std::string& run_directory) {
  return run_directory + "/checkpoints";
}

std::string CheckpointPath(const std::string& run_directory, CheckpointId id) {
  return CheckpointsFolder(run_directory) + "/" + id.Name();
}

Result<CheckpointManifest> VerifyCheckpointDirectory(const std::string& path,
                                                     std::optional<CheckpointId> id,
                                                     const Advance& advance) {
  return Check(path, id, /*hash=*/true, advance);
}

Result<CheckpointManifest> InspectCheckpointDirectory(const std::string& path,
                                                      std::optional<CheckpointId> id) {
  return Check(path, id, /*hash=*/false, {});
}

Result<CheckpointManifest> VerifyCheckpoint(const std::string& run_directory, CheckpointId id) {
  return VerifyCheckpointDirectory(CheckpointPath(run_directory, id), id);
}

Result<std::vector<CheckpointId>> ListCheckpoints(const std::string& run_directory) {
  const auto names = Names(CheckpointsFolder(run_directory));
  std::vector<CheckpointId> ids;
  if (names.status().code() == StatusCode::kNotFound) return ids;
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    if (const auto id = CheckpointId::Parse(name)) ids.push_back(*id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<std::optional<CheckpointManifest>> FindResume(
    const std::string& run_directory, const std::function<void(const std::string&)>& say,
    const Advance& advance) {
  ASSIGN_OR_RETURN(std::vector<CheckpointId> ids, ListCheckpoints(run_directory));
  std::reverse(ids.begin(), ids.end());
  for (const CheckpointId id : ids) {
    Result<CheckpointManifest> manifest =
        VerifyCheckpointDirectory(CheckpointPath(run_directory, id), id, advance);
    if (manifest.ok()) return std::optional<CheckpointManifest>(*std::move(manifest));
    const StatusCode code = manifest.status().code();
    // One of a newer version may well be whole: to go on from an older one would fork the run.
    if (code != StatusCode::kDataLoss && code != StatusCode::kNotFound) return manifest.status();
    if (say) say("checkpoint " + id.Name() + " is passed over: " + manifest.status().message());
  }
  return std::optional<CheckpointManifest>();
}

Result<CheckpointTensors> CheckpointTensors::Read(const std::string& run_directory,
                                                  const CheckpointManifest& manifest,
                                                  const std::string& stem, const Advance& advance) {
  return ReadDirectory(CheckpointPath(run_directory, manifest.id), manifest, stem, advance);
}

Result<CheckpointTensors> CheckpointTensors::ReadDirectory(const std::string& path,
                                                           const CheckpointManifest& manifest,
                                                           const std::string& stem,
                                                           const Advance& advance) {
  CheckpointTensors tensors;
  tensors.where_ = "'" + stem + "' of checkpoint '" + path + "'";
  for (const CheckpointFile& expected : manifest.files) {
    if (!expected.name.starts_with(stem + "-")) continue;
    ASSIGN_OR_RETURN(SafetensorsFile file,
                     ReadTensorFile(path + "/" + expected.name, expected, advance));
    tensors.files_.push_back(std::move(file));
  }
  if (tensors.files_.empty()) return NotFound("there is no group " + tensors.where_);
  return tensors;
}

Result<TensorView> CheckpointTensors::Find(std::string_view name) const {
  for (const SafetensorsFile& file : files_) {
    for (const TensorView& tensor : file.tensors()) {
      if (tensor.name == name) return tensor;
    }
  }
  return NotFound("there is no tensor '" + std::string(name) + "' in " + where_);
}

std::vector<TensorView> CheckpointTensors::tensors() const {
  std::vector<TensorView> all;
  for (const SafetensorsFile& file : files_) {
    all.insert(all.end(), file.tensors().begin(), file.tensors().end());
  }
  return all;
}

}  // namespace lockstep::storage
