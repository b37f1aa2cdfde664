// SPDX-License-Identifier: Apache-2.0
// SourceFiles: the files of a folder or an archive, listed in one defined order and readable at
// random from any thread. It is what importers read; they need not know which of both it is: the
// same files give the same listing as a folder, a tar archive or a zip archive.
//
//   a folder          is walked; hidden folders are not entered
//   a zip archive     its directory is read; files are read where they lie in it
//   a tar archive     (plain, or compressed with gzip, bzip2, xz or zstd, told by its first bytes)
//                     is read once from front to back, and its files are written one after the
//                     other to one file, the spool, that has no name any more once it is open
//
// Names: storage/source/source_path.h. What an archive holds beside files and folders (links,
// devices) is rejected. In a folder, symbolic links are followed where they stay inside it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/source/open_file.h"

namespace lockstep::storage {

struct SourceFile {
  std::string path;   // relative to the source, '/' between parts, UTF-8
  int64_t bytes = 0;  // its size
};

// What was left out, and why; a person should be told.
struct RejectedFile {
  std::string path;  // as it can be printed
  std::string reason;
};

struct SourceProgress {
  int64_t files = 0;          // found until now
  int64_t bytes = 0;          // of the archive, read until now; 0 for a folder
  int64_t bytes_in_all = -1;  // the size of the archive; -1 for a folder
};

struct SourceOptions {
  std::string path;  // of the folder or archive
  // Where the spool of a tar archive is made: a path at which nothing is, on a disk with room for
  // all its files. It is unlinked right after it is opened, so nothing stays behind.
  std::string spool;
  // The spool of several archives: then `spool` is not looked at, and each archive adds its files
  // at the end. They are opened one after the other, and the spool is their only open file. May be
  // null.
  std::shared_ptr<OpenFile> common_spool;
  int threads = 1;                          // that list a folder; what is listed is the same
  const std::atomic<bool>* stop = nullptr;  // once it is set, Open ends with cancelled
  // Told now and then, by the thread that opens. May be empty.
  std::function<void(const SourceProgress&)> progress;
};

class ByteInput;  // storage/source/byte_input.h

class SourceFiles {
 public:
  // A file of 2^31 bytes or more is rejected, never read.
  static constexpr int64_t kMostBytes = (int64_t{1} << 31) - 1;

  // Fails with not-found, permission-denied (naming the folder that cannot be listed),
  // invalid-argument (neither folder nor archive; two entries of the same name), data-loss (a
  // damaged archive or one cut short), resource-exhausted (no room for the spool) or cancelled.
  static Result<std::unique_ptr<SourceFiles>> Open(const SourceOptions& options);

  virtual ~SourceFiles() = default;
  SourceFiles(const SourceFiles&) = delete;
  SourceFiles& operator=(const SourceFiles&) = delete;

  // In bytewise order of the paths, without duplicates.
  const std::vector<SourceFile>& files() const { return files_; }
  // In bytewise order of the paths.
  const std::vector<RejectedFile>& rejected() const { return rejected_; }
  // How many hidden names were passed over. A folder counts once, with all that is in it; in an
  // archive every file counts.
  int64_t hidden() const { return hidden_; }

  // The contents of files()[index]. Any thread may call it. Fails, naming the file, with data-loss
  // where the bytes are damaged, the file is gone or has another size than it was listed with.
  virtual Result<std::string> Read(size_t index) const = 0;
  // The same from front to back, piece by piece. It fails as Read does, some of it behind the last
  // piece. The input does not outlive this.
  virtual Result<std::unique_ptr<ByteInput>> Stream(size_t index) const = 0;

 protected:
  SourceFiles() = default;
  std::vector<SourceFile> files_;
  std::vector<RejectedFile> rejected_;
  int64_t hidden_ = 0;
};

}  // namespace lockstep::storage
