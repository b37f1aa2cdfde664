// SPDX-License-Identifier: Apache-2.0
// Folders within a run directory. The directory itself is made once, when a run begins, and by
// nobody who writes into it later: one that was deleted or moved meanwhile is not half made again.
#pragma once

#include <string>

#include "base/status.h"

namespace lockstep::storage {

// Makes `folder`, which lies in the run directory, unless it is there, and syncs the run directory.
// Fails with not-found where that is gone.
Status MakeFolderOfRun(const std::string& run_directory, const std::string& folder);

}  // namespace lockstep::storage
