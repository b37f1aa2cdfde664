// SPDX-License-Identifier: Apache-2.0
// ImportDirectory: the temporary sibling in which a dataset is made, OUT.importing-PID, and its
// change of name at the end. A file `importing` in it says which process of which machine works
// there, so that the next import of the same name can tell what a dead one left.
#pragma once

#include <string>

#include "base/status.h"

namespace lockstep::storage {

// Whether the last component of `path` ends in ".importing-" and digits.
bool IsImportDirectory(const std::string& path);

// Whether a dataset may be made at `out`; what Make checks first. Fails with already-exists unless
// nothing is there, or a dataset and `replace` is set.
Status CheckImportTarget(const std::string& out, bool replace);

class ImportDirectory {
 public:
  // Checks the target; removes siblings whose process on this machine is gone; makes the directory.
  static Result<ImportDirectory> Make(const std::string& out, bool replace);
  ImportDirectory(ImportDirectory&& other) noexcept;
  ImportDirectory& operator=(ImportDirectory&&) = delete;
  ~ImportDirectory();  // removes the directory unless published

  const std::string& path() const { return path_; }
  const std::string& out() const { return out_; }

  // Renames it to `out` (what was there is removed) and fsyncs the parent.
  Status Publish();

 private:
  ImportDirectory(std::string out, std::string path, bool replace);

  std::string out_, path_;
  bool replace_;
};

}  // namespace lockstep::storage
