// SPDX-License-Identifier: Apache-2.0
// The idx format of the MNIST family: two zero bytes, an element type, the number of dimensions,
// each dimension as a big-endian u32, the elements. Only unsigned bytes (type 8) are read here. The
// format is described at the end of http://yann.lecun.com/exdb/mnist/.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "storage/source/byte_input.h"
#include "storage/source/open_file.h"

namespace lockstep::storage {

struct IdxHeader {
  std::vector<int64_t> dims;
  int64_t elements = 1;  // their product, at most 2^33
};

// The elements of an idx file, row-major, one byte each.
struct IdxArray {
  std::vector<int64_t> dims;
  std::string values;
};

// Where the elements go, piece by piece, once the header is known.
class IdxSink {
 public:
  virtual ~IdxSink() = default;
  virtual Status Take(std::string_view piece) = 0;
};

// Reads a whole idx file, plain or gzip, that must have `rank` dimensions (1 .. 4). Where it is
// none, or too short or too long, data-loss names the file, what was found and what was expected.
// Ends with cancelled once `stop` (may be null) is set. Holds one piece in memory at a time.
Result<IdxHeader> ScanIdx(ByteInput* input, std::string_view name, int rank, IdxSink* sink,
                          const std::atomic<bool>* stop = nullptr);

// The same, with all its elements in memory: for labels.
Result<IdxArray> ParseIdx(std::string_view file_bytes, std::string_view name, int rank,
                          const std::atomic<bool>* stop = nullptr);

// An idx file whose elements are read where they are needed, by any thread. A plain file is read in
// its place; a gzip file is unpacked once, to the spool.
class IdxFile {
 public:
  static Result<IdxFile> Open(const std::string& path, int rank, const std::string& spool,
                              const std::atomic<bool>* stop);

  const std::vector<int64_t>& dims() const { return header_.dims; }
  int64_t elements() const { return header_.elements; }
  // `count` elements from `first` on. Fails where the file has been cut short meanwhile.
  Result<std::string> Read(int64_t first, int64_t count) const;

 private:
  IdxFile(IdxHeader header, OpenFile file, int64_t offset)
      : header_(std::move(header)), file_(std::move(file)), offset_(offset) {}

  IdxHeader header_;
  OpenFile file_;
  int64_t offset_;  // of the first element
};

}  // namespace lockstep::storage
