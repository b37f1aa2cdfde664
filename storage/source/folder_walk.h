// SPDX-License-Identifier: Apache-2.0
// Lists a folder with all that is in it, by several threads: each lists one folder at a time, and
// what comes out does not depend on how many they are. storage/source/folder_source.h says what
// becomes of links and of what is no file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/source/source_files.h"

namespace lockstep::storage {

struct FolderListing {
  std::vector<SourceFile> files;       // in bytewise order of the paths
  std::vector<RejectedFile> rejected;  // too
  int64_t hidden = 0;
};

// `root` is the open folder, `name` its path without a slash at the end. Of the options `threads`,
// `stop` and `progress` are looked at.
Result<FolderListing> ListFolder(int root, const std::string& name, const SourceOptions& options);

// "folder/path"; the folder where the path is empty.
std::string UnderFolder(const std::string& folder, const std::string& path);

}  // namespace lockstep::storage
