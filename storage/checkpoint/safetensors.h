// SPDX-License-Identifier: Apache-2.0
// The safetensors format: named tensors in one file that any Python reads as it is. Reader and
// writer are strict. A file is 8 bytes (little-endian length of the header), the header (JSON: name
// -> dtype, shape, data_offsets; "__metadata__" -> texts), then the tensors' bytes without holes or
// overlap. Specification: https://github.com/huggingface/safetensors (README, "Format").
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "base/shape.h"
#include "base/status.h"
#include "storage/env/files.h"

namespace lockstep::storage {

// A tensor whose bytes belong to somebody else: row-major, little-endian, type.bytes() of them.
struct TensorView {
  std::string name;
  TensorType type;
  const void* data = nullptr;
};

using TensorMetadata = std::map<std::string, std::string>;

// The whole file as bytes. The header names tensors in the order given; the data of wider elements
// comes first, so that every tensor is aligned to its elements. Errors: an empty, duplicate or
// reserved name.
Result<std::string> SerializeSafetensors(const std::vector<TensorView>& tensors,
                                         const TensorMetadata& metadata = {});

// Gives `put` the same bytes in pieces, in order: the header, then each tensor where it lies. The
// first failure of `put` ends it.
Status StreamSafetensors(const std::vector<TensorView>& tensors, const TensorMetadata& metadata,
                         const std::function<Status(std::string_view)>& put);

// Writes the file so that `path` is either as before or complete: temporary file, fsync, rename,
// fsync of the directory.
Status WriteSafetensors(const std::string& path, const std::vector<TensorView>& tensors,
                        const TensorMetadata& metadata = {});

// A file read whole and checked whole. Owns the bytes its views point into; movable.
class SafetensorsFile {
 public:
  // `advance` (may be empty) is told the bytes of each piece read; where it fails, so does this.
  static Result<SafetensorsFile> Read(const std::string& path, const Advance& advance = {});
  // The same from bytes; `name` is what messages call them. Where they are another program's file
  // of a known kind, the message says so. Errors (data-loss): a header longer than 100,000,000
  // bytes or than the file, JSON that is not as the format says, duplicate names, holes, overlaps,
  // sizes that do not fit the shape, bytes left over; invalid-argument: an element type that
  // Lockstep has not.
  static Result<SafetensorsFile> Parse(std::string bytes, std::string_view name);

  const std::vector<TensorView>& tensors() const { return tensors_; }  // in header order
  const TensorMetadata& metadata() const { return metadata_; }
  // Fails with not-found (with a suggestion) where there is no such tensor.
  Result<TensorView> Find(std::string_view name) const;

  SafetensorsFile(SafetensorsFile&&) = default;
  SafetensorsFile& operator=(SafetensorsFile&&) = default;

 private:
  SafetensorsFile() = default;

  std::string name_;
  std::vector<char> bytes_;
  std::vector<TensorView> tensors_;
  TensorMetadata metadata_;
};

}  // namespace lockstep::storage
