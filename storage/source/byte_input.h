// SPDX-License-Identifier: Apache-2.0
// ByteInput: the bytes of an archive from front to back, piece by piece.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "storage/source/open_file.h"
#include "storage/source/source_files.h"

namespace lockstep::storage {

class ByteInput {
 public:
  virtual ~ByteInput() = default;
  // The next piece, which lies there until the next call; empty at the end. Fails with cancelled
  // once the person wants to stop.
  virtual Result<std::string_view> Next() = 0;
};

// Bytes in memory, which outlive it.
class MemoryInput : public ByteInput {
 public:
  explicit MemoryInput(std::string_view bytes) : rest_(bytes) {}
  Result<std::string_view> Next() override {
    const std::string_view piece = rest_.substr(0, 64 << 10);
    rest_.remove_prefix(piece.size());
    return piece;
  }

 private:
  std::string_view rest_;
};

// A range of bytes, piece by piece. `read` gives all `size` bytes from `offset` on, which counts
// from the start of the range, or fails.
class RangeInput : public ByteInput {
 public:
  using ReadPiece = std::function<Status(int64_t offset, char* out, size_t size)>;
  RangeInput(int64_t bytes, ReadPiece read) : rest_(bytes), read_(std::move(read)) {}
  Result<std::string_view> Next() override;

 private:
  int64_t done_ = 0, rest_;
  ReadPiece read_;
  std::string buffer_;
};

// A file. `file` and `options` outlive it.
class FileInput : public ByteInput {
 public:
  FileInput(const OpenFile* file, const SourceOptions* options)
      : file_(file), options_(options), buffer_(256 << 10, '\0') {}
  Result<std::string_view> Next() override;
  int64_t done() const { return done_; }  // bytes read

 private:
  const OpenFile* file_;
  const SourceOptions* options_;
  std::string buffer_;
  int64_t done_ = 0;
};

// What gzip (RFC 1952; several members joined too) unpacks to. Damage and a missing end are found
// by its check sums: data-loss, naming `name`. `packed` outlives it.
std::unique_ptr<ByteInput> UnpackGzip(ByteInput* packed, std::string name);

// What deflate (RFC 1951) unpacks to, exactly `size` bytes: data-loss where it is damaged, or ends
// before, or goes on after. The message does not name the file. `packed` outlives it.
std::unique_ptr<ByteInput> UnpackDeflate(ByteInput* packed, int64_t size);

}  // namespace lockstep::storage
