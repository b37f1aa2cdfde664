// SPDX-License-Identifier: Apache-2.0
// Checkpoints: the whole training state of a run at one step, as logical tensors, complete and
// verified or not there.
//
//   checkpoints/b01-s0000001200/            branch 1, after 1200 steps
//     model-00001-of-00002.safetensors      parameters and running statistics, torchvision's names
//     momentum_buffer-00001-of-00001.safetensors    an optimizer slot, under its parameters' names
//     progress-00001-of-00001.safetensors
//     manifest.json                         written last: every file's size and XXH3-128, and its
//     own
//   checkpoints/.tmp-b01-s...-g000007-UUID/ being written; removed by the next holder
//   checkpoints/.trash-...                  being removed
//
// Tensors are split between files at about 256 MiB, never within one, whatever the number of ranks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "storage/checkpoint/safetensors.h"
#include "storage/env/files.h"

namespace lockstep::storage {

struct CheckpointId {
  int32_t branch = 1;
  int64_t step = 0;
  auto operator<=>(const CheckpointId&) const = default;
  std::string Name() const;                                         // "b01-s0000001200"
  static std::optional<CheckpointId> Parse(std::string_view name);  // exactly such a name
};

struct CheckpointFile {
  std::string name;
  int64_t size = 0;
  Hash128Value hash;
};

// What a table of the run directory held when a checkpoint was written.
struct TableState {
  std::string name;  // "digests.csv"
  int64_t rows = 0;  // without the header
  // XXH3-128 of its lines, header included, without the columns that say what a clock said.
  Hash128Value hash;
  bool operator==(const TableState&) const = default;
};

// What is written, and the oldest that is read. A run goes on from what is written alone: the
// trainer state of an older one means something else. Its weights are used.
inline constexpr int64_t kCheckpointVersion = 3;
inline constexpr int64_t kOldestCheckpointVersion = 2;

struct CheckpointManifest {
  int64_t version = kCheckpointVersion;
  CheckpointId id;
  int64_t generation = 0;
  int32_t epoch = 0;  // position: which samples come next
  int64_t step_in_epoch = 0;
  bool evaluation_due = false;          // the row of the epoch that ends here is yet to come
  uint64_t digest = 0;                  // of step id.step
  uint64_t state_hash = 0;              // H, to check what was loaded
  std::string trainer_state;            // its bytes
  std::string fixed_keys, branch_keys;  // of the recipe (comm/coordinator.h, RunInfo)
  uint64_t recipe_hash = 0;
  Hash128Value dataset_digest;
  std::string build, hardware;
  std::map<std::string, std::string> environment;  // for people: versions, host, world size, time
  std::map<std::string, std::string> values;       // what the writer wants back beside tensors
  std::vector<TableState> tables;                  // those of the run directory, by name
  std::vector<CheckpointFile> files;               // set by WriteCheckpoint
};

// JSON, keys sorted, indented by one space, with the XXH3-128 of itself; not one byte may differ
// from that form. Decoding fails with data-loss, or with failed-precondition for another version.
std::string EncodeCheckpointManifest(const CheckpointManifest& manifest);
Result<CheckpointManifest> DecodeCheckpointManifest(std::string_view text);

struct TensorGroup {
  std::string stem;  // "model", "momentum_buffer"; [a-z0-9_]+
  std::vector<TensorView> tensors;
};

struct CheckpointWriteOptions {
  int64_t file_bytes = int64_t{256} << 20;  // about where files are split
  // Asked just before the rename; a failure (superseded) leaves no checkpoint.
  std::function<Status()> may_commit;
};

// Writes and commits a checkpoint. Where one of its name exists and verifies: with the same digest
// the new one is thrown away, which is a success; with another digest both are kept (the new one as
// checkpoints/conflict-<name>-g<generation>), and data-loss names both. A damaged one is moved to
// .trash and replaced. After a failure the temporary folder is removed where that is possible.
// Fault points: checkpoint.open, checkpoint.write, checkpoint.fsync (all can fail),
// checkpoint.manifest_fsync.before / .after, checkpoint.rename.before / .after,
// checkpoint.parent_fsync.before / .after. Returns the bytes written. Superseded goes before every
// other failure, which the newer holder may have caused.
Result<int64_t> WriteCheckpoint(const std::string& run_directory, CheckpointManifest manifest,
                                const std::vector<TensorGroup>& groups,
                                const CheckpointWriteOptions& options);

// Writes a checkpoint that verifies once more as the beginning of another branch: the same state at
// the same step. All of it is in memory meanwhile. The errors are those of reading and of writing.
Status CopyToBranch(const std::string& run_directory, const CheckpointManifest& manifest,
                    int32_t branch, int64_t generation, const CheckpointWriteOptions& options);

// Failed-precondition, with what to do, where the manifest is of a version that nothing goes on
// from.
Status CheckGoesOn(const CheckpointManifest& manifest);

// Those that carry a checkpoint's name, in increasing (branch, step); not verified.
Result<std::vector<CheckpointId>> ListCheckpoints(const std::string& run_directory);

// Reads every byte: manifest, sizes, hashes, no file beside those listed. data-loss: wrong bytes,
// naming the file and what is wrong; not-found: no such checkpoint. io-error, deadline-exceeded:
// the disk, not the checkpoint: tried three times. An older version that is read counts as whole.
// Fault point: checkpoint.read (can fail; once for each try of a file).
Result<CheckpointManifest> VerifyCheckpoint(const std::string& run_directory, CheckpointId id);

// The checkpoint to go on from: of the highest branch the highest step that verifies, then the next
// branch; nullopt where there is none. `say` is told of every one that is passed over, and why.
// `advance` (may be empty) is told the bytes of each piece read. Fails where the disk fails, which
// is no corruption, and where `advance` fails.
Result<std::optional<CheckpointManifest>> FindResume(
    const std::string& run_directory, const std::function<void(const std::string&)>& say,
    const Advance& advance = {});

// The tensors of one group of a checkpoint that verifies, each file read whole and its hash
// checked. `advance` (may be empty) is told the bytes of each piece read; where it fails, so does
// the reading.
class CheckpointTensors {
 public:
  static Result<CheckpointTensors> Read(const std::string& run_directory,
                                        const CheckpointManifest& manifest, const std::string& stem,
                                        const Advance& advance = {});
  // The same of a checkpoint that lies at `path`, for tools.
  static Result<CheckpointTensors> ReadDirectory(const std::string& path,
                                                 const CheckpointManifest& manifest,
                                                 const std::string& stem,
                                                 const Advance& advance = {});
  Result<TensorView> Find(std::string_view name) const;
  std::vector<TensorView> tensors() const;

 private:
  std::vector<SafetensorsFile> files_;
  std::string where_;
};

struct Retention {
  int32_t keep_last = 3;           // newest ones of the current branch, at least 2
  std::vector<CheckpointId> keep;  // what is kept besides: the best one
};
// Removes the older checkpoints of the current branch, by rename to .trash-... and unlink, and
// returns their names. The last two of a branch that verify stay, and so does the parent of the
// newest generation. So a branch never has more whole checkpoints than max(keep_last, 2) and one
// for each of `keep` and that parent, however often the run was started again. Only the holder of
// the generation calls it.
Result<std::vector<CheckpointId>> RemoveOldCheckpoints(const std::string& run_directory,
                                                       int32_t branch, const Retention& retention);

// Removes all of them, in the same way, for a run that is begun anew.
Status RemoveAllCheckpoints(const std::string& run_directory);

// Removes stale .tmp-* and .trash-* of checkpoints/. Only the holder calls it.
Status RemoveStaleTemporaries(const std::string& run_directory);

}  // namespace lockstep::storage
