// SPDX-License-Identifier: Apache-2.0
// Files and folders, whole: what a step of a program does in one call, every error a Status that
// names the path. Paths are as the operating system takes them; relative ones start at the working
// folder.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace lockstep {

// Reads the whole file. Fails with not-found, permission-denied, io-error (a folder, a failing
// disk).
Result<std::string> ReadFile(const std::string& path);

// Replaces or creates `path` so that at any moment, and after a crash, it holds its former bytes or
// all of the new ones: written beside it as "PATH.tmp.PID.N", fsynced, renamed, the folder fsynced.
// A crash may leave that temporary file; nothing reads it. resource-exhausted: disk full.
Status WriteFileAtomic(const std::string& path, std::string_view bytes);

// Whether WriteFileAtomic could write `path`, told by a small file that is written beside it and
// removed again: for what is to fail before time is spent. already-exists: something is there that
// is no regular file; invalid-argument: an empty path; otherwise the errors of WriteFileAtomic.
Status CheckWritable(const std::string& path);

// Writes all bytes to an open file; `path` is for the message.
Status WriteAll(int fd, std::string_view bytes, const std::string& path);

// Makes a rename or creation in `folder` survive a crash (fsync of the folder).
Status SyncFolder(const std::string& folder);

Result<int64_t> FileSize(const std::string& path);  // bytes; a regular file
// Whether a file or folder is there. What may not be looked at counts as absent: the call that uses
// it says why.
bool FileExists(const std::string& path);
Status RemoveFileIfExists(const std::string& path);
Status MakeDirs(const std::string& path);  // and its parents, synced; fine if already there
Result<std::vector<std::string>> ListDir(const std::string& path);  // names, bytewise order
Status RemoveTree(const std::string& path);  // file or folder with all in it; fine if not there

}  // namespace lockstep
