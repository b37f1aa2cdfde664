// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/work_folder.h"

#include <filesystem>

#include "base/file.h"
#include "base/format.h"
#include "base/process.h"

namespace lockstep::cluster {

Result<std::unique_ptr<WorkFolder>> WorkFolder::Make(const std::string& within) {
  std::string parent = within;
  if (parent.empty()) {
    std::error_code error;
    parent = std::filesystem::temp_directory_path(error).string();
    if (error) {
      return NotFound("TMPDIR names no folder (" + error.message() + "); name one with --work");
    }
  }
  std::string path =
      parent + "/lockstep-scaling-" + std::to_string(OwnProcess().pid) + "-" + HostName();
  const Status made = MakeDirs(path);
  if (!made.ok()) {
    return Status(made.code(), made.message() + "; choose another place with --work");
  }
  return std::unique_ptr<WorkFolder>(new WorkFolder(std::move(path)));
}

WorkFolder::~WorkFolder() { (void)RemoveTree(path_); }

}  // namespace lockstep::cluster
