// SPDX-License-Identifier: Apache-2.0
// Writing a checkpoint: a temporary folder, the manifest last, one rename.
//
// The plan. Nothing under a checkpoint's name is ever incomplete, so everything is written under
// another name first:
//
//   1. Write: make .tmp-NAME-GENERATION-RANDOM; write the tensor files, each hashed as it is
//      written and then fsynced; then the manifest with these hashes, fsynced too; then fsync the
//      folder.
//   2. Rename: ask whether this process may still commit (a newer generation may have begun),
//      then rename to the checkpoint's name without replacing anything.
//   3. Where the name is taken, look at what is there. The same state: the work is done. A whole
//      checkpoint with another digest: keep both, and fail. A damaged one: move it to the trash,
//      and rename again.
//   4. Sync: fsync the parent folder. Only now is the checkpoint committed.
//
// A crash between any two calls leaves the old state or the new one, and at most a temporary folder
// that the next holder of the run removes.
#include <algorithm>
#include <deque>
#include <set>

#include "base/fault_point.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/checkpoint_directory.h"
#include "storage/checkpoint/durable_file.h"
#include "storage/checkpoint/generation.h"
#include "storage/checkpoint/run_folder.h"
#include "storage/env/files.h"

namespace lockstep::storage {
namespace {

using TensorSpan = std::vector<TensorView>;

Status CheckGroups(const std::vector<TensorGroup>& groups) {
  std::set<std::string> stems;
  for (const TensorGroup& group : groups) {
    if (!IsGroupStem(group.stem)) {
      return InvalidArgument("a group of tensors is named '" + group.stem +
                             "'; expected [a-z0-9_]+");
    }
    if (!stems.insert(group.stem).second) {
      return InvalidArgument("two groups of tensors are named '" + group.stem + "'");
    }
    std::set<std::string> names;  // within a file the format checks; a group may be several
    for (const TensorView& tensor : group.tensors) {
      if (!names.insert(tensor.name).second) {
        return InvalidArgument("two tensors of group '" + group.stem + "' are named '" +
                               tensor.name + "'");
      }
    }
  }
  return {};
}

// The tensors in the order given, cut where a file would grow beyond `file_bytes`. There is at
// least one file, which may be empty.
std::vector<TensorSpan> SplitIntoFiles(const std::vector<TensorView>& tensors, int64_t file_bytes) {
  std::vector<TensorSpan> files(1);
  int64_t bytes = 0;
  for (const TensorView& tensor : tensors) {
    if (!files.back().empty() && bytes + tensor.type.bytes() > file_bytes) {
      files.emplace_back();
      bytes = 0;
    }
    files.back().push_back(tensor);
    bytes += tensor.type.bytes();
  }
  return files;
}

// One attempt to write one checkpoint. Its temporary folder is removed unless it was committed.
class Attempt {
 public:
  Attempt(const std::string& run_directory, CheckpointManifest manifest,
          const CheckpointWriteOptions& options)
      : run_directory_(run_directory),
        folder_(CheckpointsFolder(run_directory)),
        options_(options),
        manifest_(std::move(manifest)),
        target_(CheckpointPath(run_directory, manifest_.id)),
        path_(folder_ + "/" + kTemporaryPrefix + manifest_.id.Name() + "-" +
              GenerationName(manifest_.generation) + "-" + UniqueSuffix()) {}
  ~Attempt() {
    // What cannot be removed now is removed by the next holder; it has no checkpoint's name.
    if (!path_.empty()) (void)RemoveTree(path_);
    if (!trash_.empty()) (void)RemoveTree(trash_);
  }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  Status Write(const std::vector<TensorGroup>& groups);
  Status Commit();
  int64_t bytes() const { return bytes_; }

 private:
  Status WriteTensors(const std::string& name, const TensorSpan& tensors);
  Status WriteManifest();
  Status Rename();
  // The name is taken. True: by the same state, nothing is left to do. False: it is free now.
  Result<bool> SettleWithExisting();
  Status KeepAsConflict(uint64_t existing_digest);
  Status MayCommit() const { return options_.may_commit ? options_.may_commit() : OkStatus(); }

  const std::string run_directory_, folder_;
  const CheckpointWriteOptions& options_;
  CheckpointManifest manifest_;
  const std::string target_;
  std::string path_;   // the temporary folder; empty once it has another name
  std::string trash_;  // a damaged one that stood at the target
  int64_t bytes_ = 0;
};

Status Attempt::Write(const std::vector<TensorGroup>& groups) {
  RETURN_IF_ERROR(MakeFolderOfRun(run_directory_, CheckpointsFolder(run_directory_)));
  RETURN_IF_ERROR(MakeDirectory(path_));
  manifest_.files.clear();
  for (const TensorGroup& group : groups) {
    const std::vector<TensorSpan> files = SplitIntoFiles(group.tensors, options_.file_bytes);
    for (size_t i = 0; i < files.size(); ++i) {
      RETURN_IF_ERROR(WriteTensors(CheckpointFileName(group.stem, i, files.size()), files[i]));
    }
  }
  std::sort(manifest_.files.begin(), manifest_.files.end(),
            [](const CheckpointFile& a, const CheckpointFile& b) { return a.name < b.name; });
  RETURN_IF_ERROR(WriteManifest());
  return SyncFolder(path_);
}

Status Attempt::WriteTensors(const std::string& name, const TensorSpan& tensors) {
  DurableFile file(path_ + "/" + name, "checkpoint");
  RETURN_IF_ERROR(file.Create());
  RETURN_IF_ERROR(StreamSafetensors(tensors, {{"format", "pt"}},
                                    [&](std::string_view piece) { return file.Append(piece); }));
  RETURN_IF_ERROR(file.Finish());
  manifest_.files.push_back({name, file.size(), file.hash()});
  bytes_ += file.size();
  return {};
}

Status Attempt::WriteManifest() {
  DurableFile file(path_ + "/" + kCheckpointManifestName, "checkpoint");
  RETURN_IF_ERROR(file.Create());
  RETURN_IF_ERROR(file.Append(EncodeCheckpointManifest(manifest_)));
  (void)FaultPoint("checkpoint.manifest_fsync.before");
  RETURN_IF_ERROR(file.Finish());
  (void)FaultPoint("checkpoint.manifest_fsync.after");
  bytes_ += file.size();
  return {};
}

Status Attempt::Commit() {
  RETURN_IF_ERROR(Rename());
  (void)FaultPoint("checkpoint.parent_fsync.before");
  // If this fails the checkpoint is there and whole, but perhaps not after a crash: not committed.
  RETURN_IF_ERROR(SyncFolder(folder_));
  (void)FaultPoint("checkpoint.parent_fsync.after");
  return {};
}

Status Attempt::Rename() {
  for (int round = 1;; ++round) {
    RETURN_IF_ERROR(MayCommit());
    (void)FaultPoint("checkpoint.rename.before");
    const Status renamed = RenameToNew(path_, target_);
    if (renamed.ok()) {
      path_.clear();
      (void)FaultPoint("checkpoint.rename.after");
      return {};
    }
    // A network file system that lost its answer renames again and finds nothing: look there too.
    const bool may_be_there =
        renamed.code() == StatusCode::kAlreadyExists || renamed.code() == StatusCode::kNotFound;
    if (!may_be_there || round == 3) return renamed;
    ASSIGN_OR_RETURN(const bool settled, SettleWithExisting());
    if (settled) return {};
  }
}

Result<bool> Attempt::SettleWithExisting() {
  const auto existing = VerifyCheckpoint(run_directory_, manifest_.id);
  if (existing.ok()) {
    if (existing->digest == manifest_.digest) return true;
    return KeepAsConflict(existing->digest);
  }
  if (existing.status().code() == StatusCode::kNotFound) return false;
  if (existing.status().code() != StatusCode::kDataLoss) return existing.status();
  if (!PathExists(path_)) return existing.status();
  RETURN_IF_ERROR(MayCommit());  // verifying may have taken minutes; only the holder removes
  ASSIGN_OR_RETURN(trash_, MoveToTrash(target_));
  return false;
}

Status Attempt::KeepAsConflict(uint64_t existing_digest) {
  std::string kept = folder_ + "/" + kConflictPrefix + manifest_.id.Name() + "-" +
                     GenerationName(manifest_.generation);
  if (PathExists(kept)) kept += "-" + UniqueSuffix();
  RETURN_IF_ERROR(RenameToNew(path_, kept));
  path_.clear();
  RETURN_IF_ERROR(SyncFolder(folder_));
  return DataLoss("step " + std::to_string(manifest_.id.step) + " of branch " +
                  std::to_string(manifest_.id.branch) +
                  " was computed twice with different bits: '" + target_ + "' has digest " +
                  Hex64(existing_digest) + ", this process has " + Hex64(manifest_.digest) +
                  ". Both are kept, the second as '" + kept +
                  "'; compare them with: lockstep ckpt diff " + target_ + " " + kept);
}

}  // namespace

Result<int64_t> WriteCheckpoint(const std::string& run_directory, CheckpointManifest manifest,
                                const std::vector<TensorGroup>& groups,
                                const CheckpointWriteOptions& options) {
  RETURN_IF_ERROR(CheckManifestFits(manifest));
  RETURN_IF_ERROR(CheckGroups(groups));
  const std::string what = "checkpoint " + manifest.id.Name();
  Attempt attempt(run_directory, std::move(manifest), options);
  Status status = attempt.Write(groups);
  if (status.ok()) status = attempt.Commit();
  if (status.ok()) return attempt.bytes();
  if (options.may_commit) {
    Status allowed = options.may_commit();
    if (allowed.code() == StatusCode::kSuperseded) status = std::move(allowed);
  }
  return status.WithContext(what);
}

Status CopyToBranch(const std::string& run_directory, const CheckpointManifest& manifest,
                    int32_t branch, int64_t generation, const CheckpointWriteOptions& options) {
  std::set<std::string> stems;
  for (const CheckpointFile& file : manifest.files) {
    stems.insert(file.name.substr(0, file.name.find('-')));
  }
  std::deque<CheckpointTensors> held;  // what the views look at stays where it is
  std::vector<TensorGroup> groups;
  for (const std::string& stem : stems) {
    ASSIGN_OR_RETURN(CheckpointTensors tensors,
                     CheckpointTensors::Read(run_directory, manifest, stem));
    held.push_back(std::move(tensors));
    groups.push_back({stem, held.back().tensors()});
  }
  CheckpointManifest copy = manifest;
  copy.id.branch = branch;
  copy.generation = generation;
  return WriteCheckpoint(run_directory, std::move(copy), groups, options).status();
}

}  // namespace lockstep::storage
