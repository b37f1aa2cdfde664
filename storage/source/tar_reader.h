// SPDX-License-Identifier: Apache-2.0
// What libarchive does for us: it takes tar apart (ustar, pax, GNU, old), and unpacks bzip2, xz and
// zstd. It sees bytes only, never a path, and nothing that it could write to.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"
#include "storage/source/byte_input.h"

namespace lockstep::storage {

struct TarEntry {
  enum class Kind { kFile, kFolder, kOther };
  Kind kind = Kind::kFile;
  std::string path;  // as it stands in the archive: any bytes
  std::string what;  // kOther: "a symbolic link", "a hard link", ...
  int64_t bytes = 0;
};

class TarVisitor {
 public:
  virtual ~TarVisitor() = default;
  // An entry begins. Its contents follow if `*wanted` is set; it is not, at first.
  virtual Status Begin(const TarEntry& entry, bool* wanted) = 0;
  // The next bytes of the entry's contents.
  virtual Status Contents(std::string_view piece) = 0;
  // All of the entry's contents have come.
  virtual Status End() = 0;
  // Called between pieces, also where the contents are not wanted; a failure ends the reading.
  virtual Status Continue() = 0;
};

// Reads `input`, a tar archive, plain or compressed with gzip, bzip2, xz or zstd, to the very end,
// so that every check sum of the compression is looked at. Fails with invalid-argument where it is
// no such archive, with data-loss where it is damaged or cut short; both name `name`. What the
// visitor or the input fails with is handed through.
Status ReadTar(ByteInput* input, const std::string& name, TarVisitor* visitor);

}  // namespace lockstep::storage
