// SPDX-License-Identifier: Apache-2.0
// Removing checkpoints and what dead writers left: always a rename first (durability.md 7).
#include <algorithm>
#include <set>

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

// What generation files say may not be removed.
struct Parents {
  std::set<std::string> names;
  int64_t newest_damaged = 0;  // generation whose parent nobody knows; 0: none

  // Was it written before a generation that may have gone on from it?
  bool Protect(CheckpointId id, int64_t written_by) const {
    return names.count(id.Name()) > 0 || written_by < newest_damaged;
  }
};

Result<Parents> ReadParents(const std::string& run_directory) {
  ASSIGN_OR_RETURN(const std::vector<GenerationInfo> generations,
                   ListGenerations(run_directory, nullptr));
  Parents parents;
  for (const GenerationInfo& info : generations) {
    if (info.host.empty()) parents.newest_damaged = info.number;
    if (!info.parent.empty()) parents.names.insert(info.parent);
  }
  return parents;
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
  ASSIGN_OR_RETURN(const Parents parents, ReadParents(run_directory));
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
    if (parents.Protect(id, manifest.ok() ? manifest->generation : parents.newest_damaged))
      continue;
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
