// SPDX-License-Identifier: Apache-2.0
// WorkFolder: where `bench scaling` has its made-up dataset and checkpoints while it measures. It
// is removed with all that is in it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/status.h"

namespace lockstep::cluster {

class WorkFolder {
 public:
  // A new folder in `within`; empty: where temporary files are. A failure says how to choose
  // another place.
  static Result<std::unique_ptr<WorkFolder>> Make(const std::string& within);
  ~WorkFolder();
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  explicit WorkFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace lockstep::cluster
