// SPDX-License-Identifier: Apache-2.0
// What storage needs of a POSIX file system beside base/file.h (included here for its users): files
// of a bounded size, hashes, renames that never replace.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "base/file.h"
#include "base/hash.h"
#include "base/status.h"

namespace lockstep::storage {

// Is told the bytes of each piece that is read or done; where it fails (with cancelled), the work
// ends with that failure. May be empty.
using Advance = std::function<Status(int64_t bytes)>;

// Reads the whole of a regular file; anything else is refused, and a FIFO blocks nothing. Fails
// with data-loss if the file is longer than `limit` bytes.
Result<std::string> ReadRegularFile(const std::string& path,
                                    int64_t limit = std::numeric_limits<int64_t>::max(),
                                    const Advance& advance = {});

struct FileHash {
  int64_t size = 0;
  Hash128Value hash;  // XXH3-128 of the contents
};
Result<FileHash> HashFile(const std::string& path, const Advance& advance = {});

bool PathExists(const std::string& path);  // also a link that leads nowhere
bool IsDirectory(const std::string& path);

Status MakeDirectory(const std::string& path);  // already-exists if it is there
Status SyncFile(const std::string& path);

// Renames a directory to a name that must not exist (already-exists if it does).
Status RenameToNew(const std::string& from, const std::string& to);
// Exchanges the names of two directories, in one step where the file system can.
Status ExchangeNames(const std::string& a, const std::string& b);

// 32 random hexadecimal digits: a name nobody else on any machine makes.
std::string UniqueSuffix();

std::string ParentOf(const std::string& path);    // "." for a bare name
std::string BaseNameOf(const std::string& path);  // last component; trailing slashes ignored
// The path without trailing slashes (a lone "/" stays).
std::string WithoutTrailingSlash(std::string path);

}  // namespace lockstep::storage
