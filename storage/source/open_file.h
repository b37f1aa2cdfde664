// SPDX-License-Identifier: Apache-2.0
// OpenFile: a regular file that is read at any place, by any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace lockstep::storage {

class OpenFile {
 public:
  // A relative `path` starts at `folder` (an open folder, or AT_FDCWD for the working folder).
  // `name` is what messages call the file. Only a regular file is taken, and a FIFO blocks nothing.
  static Result<OpenFile> ForReading(const std::string& path);
  static Result<OpenFile> ForReading(int folder, const std::string& path, const std::string& name);
  // Takes an open descriptor.
  OpenFile(int fd, std::string name, int64_t size) : fd_(fd), name_(std::move(name)), size_(size) {}

  OpenFile(OpenFile&& other) noexcept;
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile();

  int fd() const { return fd_; }
  const std::string& name() const { return name_; }
  int64_t size() const { return size_; }  // when it was opened

  // Up to `size` bytes from `offset` on; 0 at the end.
  Result<size_t> ReadSome(int64_t offset, char* out, size_t size) const;
  // All of them; data-loss where the file ends before.
  Status ReadAll(int64_t offset, char* out, size_t size) const;

 private:
  int fd_;
  std::string name_;
  int64_t size_;
};

}  // namespace lockstep::storage
