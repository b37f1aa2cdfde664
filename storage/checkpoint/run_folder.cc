// SPDX-License-Identifier: Apache-2.0
#include "storage/checkpoint/run_folder.h"

#include "storage/env/files.h"

namespace lockstep::storage {

Status MakeFolderOfRun(const std::string& run_directory, const std::string& folder) {
  if (IsDirectory(folder)) return OkStatus();
  const Status made = MakeDirectory(folder);
  if (made.code() == StatusCode::kNotFound) {
    return NotFound("the run directory '" + run_directory +
                    "' is gone: it was deleted or moved while this process worked in it, and is "
                    "not made again");
  }
  if (made.code() != StatusCode::kAlreadyExists) RETURN_IF_ERROR(made);
  return SyncFolder(run_directory);
}

}  // namespace lockstep::storage
