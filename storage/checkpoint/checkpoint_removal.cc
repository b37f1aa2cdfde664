// SPDX-License-Identifier: Apache-2.0
// Removing checkpoints and what dead writers left: always a rename first.
#include <algorithm>

#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/checkpoint_directory.h"
#include "storage/checkpoint/generation.h"
#include "storage/env/disk_faults.h"
#include "storage/env/files.h"

namespace lockstep::storage {
namespace {

// Moves those named away, makes that last, removes them. One that has vanished meanwhile (a zombie
// renamed it to its own name) is not ours.
Status RemoveNamed(const std::string& folder, const std::vector<std::string>& names) {
  std::vector<std::string> trash;
  for (const std::string& name : names) {
    if (name.starts_with(kTrashPrefix)) {
      trash.push_back(folder + "/" + name);
      continue;
    }
    auto moved = MoveToTrash(folder + "/" + name);
    if (moved.status().code() == StatusCode::kNotFound) continue;
    if (!moved.ok()) return moved.status();
    trash.push_back(*std::move(moved));
  }
  if (trash.empty()) return {};
  RETURN_IF_ERROR(SyncFolder(folder));
  for (const std::string& path : trash) RETURN_IF_ERROR(RemoveTree(path));
  return {};
}

Status RemoveWhere(const std::string& run_directory,
                   const std::function<bool(const std::string&)>& wanted) {
  const std::string folder = CheckpointsFolder(run_directory);
  auto names = RetryDiskFaults([&] { return ListDir(folder); });
  if (names.status().code() == StatusCode::kNotFound) return {};
  if (!names.ok()) return names.status();
  std::erase_if(*names, [&](const std::string& name) { return !wanted(name); });
  return RemoveNamed(folder, *names);
}

bool IsTemporary(const std::string& name) {
  return name.starts_with(kTemporaryPrefix) || name.starts_with(kTrashPrefix);
}

// What the newest generation went on from: it may not be removed.
struct Parent {
  std::string name;           // empty: step 0, or the file is damaged
  int64_t unknown_since = 0;  // the number of a damaged newest generation; 0: it can be read

  // Where the newest file cannot be read, whatever was written before it may be its parent.
  bool Protect(CheckpointId id, int64_t written_by) const {
    return name == id.Name() || written_by < unknown_since;
  }
};

Result<Parent> ReadParent(const std::string& run_directory) {
  ASSIGN_OR_RETURN(const std::vector<GenerationInfo> generations,
                   ListGenerations(run_directory, nullptr));
  Parent parent;
  if (generations.empty()) return parent;
  const GenerationInfo& newest = generations.back();
  parent.name = newest.parent;
  if (newest.host.empty()) parent.unknown_since = newest.number;
  return parent;
}

}  // namespace

Result<std::string> MoveToTrash(const std::string& path) {
  const std::string trash =
      ParentOf(path) + "/" + kTrashPrefix + BaseNameOf(path) + "-" + UniqueSuffix();
  RETURN_IF_ERROR(RenameToNew(path, trash));
  return trash;
}

Result<std::vector<CheckpointId>> RemoveOldCheckpoints(const std::string& run_directory,
                                                       int32_t branch, const Retention& retention) {
  ASSIGN_OR_RETURN(std::vector<CheckpointId> ids, ListCheckpoints(run_directory));
  ASSIGN_OR_RETURN(const Parent parent, ReadParent(run_directory));
  std::erase_if(ids, [&](CheckpointId id) { return id.branch != branch; });
  std::reverse(ids.begin(), ids.end());
  int32_t whole = 0;
  std::vector<CheckpointId> removed;
  std::vector<std::string> names;
  for (const CheckpointId id : ids) {
    // Manifest and sizes, not every byte: this runs after each checkpoint, and all of them were
    // read back or written by a holder that checked every call. One that is not whole counts for
    // nothing, and while it is newer than those kept a person may want to look at it.
    const auto manifest = InspectCheckpointDirectory(CheckpointPath(run_directory, id), id);
    if (IsDiskFault(manifest.status())) return manifest.status();
    if (manifest.status().code() == StatusCode::kFailedPrecondition) continue;  // a newer program's
    const bool enough = whole >= std::max(retention.keep_last, 2);
    whole += manifest.ok() ? 1 : 0;
    const auto& keep = retention.keep;
    if (!enough || std::find(keep.begin(), keep.end(), id) != keep.end()) continue;
    if (parent.Protect(id, manifest.ok() ? manifest->generation : parent.unknown_since)) continue;
    removed.push_back(id);
    names.push_back(id.Name());
  }
  RETURN_IF_ERROR(RemoveNamed(CheckpointsFolder(run_directory), names));
  std::reverse(removed.begin(), removed.end());
  return removed;
}

Status RemoveAllCheckpoints(const std::string& run_directory) {
  return RemoveWhere(run_directory, [](const std::string& name) {
    return IsTemporary(name) || name.starts_with(kConflictPrefix) || CheckpointId::Parse(name);
  });
}

Status RemoveStaleTemporaries(const std::string& run_directory) {
  return RemoveWhere(run_directory, IsTemporary);
}

}  // namespace lockstep::storage
