// SPDX-License-Identifier: Apache-2.0
// Files and directories, with every error checked and named. POSIX.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/status.h"

namespace lockstep::storage {

Result<std::string> ReadFile(const std::string& path);
// Data-loss if the file is longer than `limit` bytes.
Result<std::string> ReadFile(const std::string& path, int64_t limit);

// `path` is either as before or holds `bytes`, also after a power cut: writes PATH.tmp-PID, fsyncs,
// renames, fsyncs the directory. On failure the temporary file is removed.
Status WriteFileAtomically(const std::string& path, std::string_view bytes);

struct FileHash {
  int64_t size = 0;
  Hash128Value hash;  // XXH3-128 of the contents
};
// `progress` (may be empty) is told the bytes of each piece read.
Result<FileHash> HashFile(const std::string& path,
                          const std::function<void(int64_t)>& progress = {});

Result<int64_t> FileSize(const std::string& path);  // of a regular file
bool PathExists(const std::string& path);
bool IsDirectory(const std::string& path);

// Names in a directory, sorted bytewise, without "." and "..".
Result<std::vector<std::string>> ListDirectory(const std::string& path);
Status MakeDirectory(const std::string& path);  // already-exists if it is there
Status SyncFile(const std::string& path);
Status SyncDirectory(const std::string& path);
Status RemoveTree(const std::string& path);  // OK if there is nothing

// Renames a directory to a name that must not exist (already-exists if it does).
Status RenameToNew(const std::string& from, const std::string& to);
// Two directories exchange their names, in one step where the file system can.
Status ExchangeNames(const std::string& a, const std::string& b);

std::string ParentOf(const std::string& path);    // "." for a bare name
std::string BaseNameOf(const std::string& path);  // last component; trailing slashes ignored
// Without trailing slashes (a lone "/" stays).
std::string WithoutTrailingSlash(std::string path);

}  // namespace lockstep::storage
