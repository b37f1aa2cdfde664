// SPDX-License-Identifier: Apache-2.0
// One checkpoint by the path of its directory, wherever that lies: what reading, writing and
// removing share.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/checkpoint/checkpoint.h"
#include "storage/env/files.h"

namespace lockstep::storage {

inline constexpr char kCheckpointManifestName[] = "manifest.json";
inline constexpr char kTemporaryPrefix[] = ".tmp-";
inline constexpr char kTrashPrefix[] = ".trash-";
inline constexpr char kConflictPrefix[] = "conflict-";

std::string CheckpointsFolder(const std::string& run_directory);  // RUN/checkpoints
std::string CheckpointPath(const std::string& run_directory, CheckpointId id);

bool IsGroupStem(std::string_view stem);  // [a-z0-9_]+
// "model-00001-of-00002.safetensors" for index 0 of 2.
std::string CheckpointFileName(const std::string& stem, size_t index, size_t count);

// Fails with invalid-argument where the manifest cannot be written: texts that are not UTF-8,
// negative numbers.
Status CheckManifestFits(const CheckpointManifest& manifest);

// The same as VerifyCheckpoint. With `id` the manifest must be of that checkpoint. `advance` (may
// be empty) is told the bytes of each piece read. Fault point: checkpoint.read (can fail; once for
// each try of a file).
Result<CheckpointManifest> VerifyCheckpointDirectory(const std::string& path,
                                                     std::optional<CheckpointId> id,
                                                     const Advance& advance = {});

// The same without the hashes of the tensor files: manifest, sizes, nothing missing, nothing more.
Result<CheckpointManifest> InspectCheckpointDirectory(const std::string& path,
                                                      std::optional<CheckpointId> id);

// Renames the checkpoint to .trash-..., from where it can only be removed, and returns its path
// there. Processes that were superseded do so too: whoever comes first has it, and what is half
// removed never has a checkpoint's name.
Result<std::string> MoveToTrash(const std::string& path);

}  // namespace lockstep::storage
