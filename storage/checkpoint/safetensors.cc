// SPDX-License-Identifier: Apache-2.0
#include "storage/checkpoint/safetensors.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "base/lookup_path.h"
#include "base/suggest.h"
#include "storage/checkpoint/safetensors_header.h"
#include "storage/dataset/little_endian.h"
#include "storage/env/files.h"
#include "storage/env/foreign_file.h"

namespace lockstep::storage {
namespace {

constexpr size_t kLengthBytes = 8;
constexpr uint64_t kMostHeaderBytes = 100'000'000;
constexpr char kMetadataKey[] = "__metadata__";

struct TypeName {
  const char* text;  // in the file
  DType dtype;
};
constexpr TypeName kTypes[] = {{"F32", DType::kFloat32},
                               {"F64", DType::kFloat64},
                               {"I32", DType::kInt32},
                               {"I64", DType::kInt64},
                               {"U8", DType::kUInt8}};

std::string NameOfType(DType dtype) {
  for (const TypeName& t : kTypes) {
    if (t.dtype == dtype) return t.text;
  }
  CHECK(false) << dtype;
  return "";
}

Status CheckNames(const std::vector<TensorView>& tensors) {
  std::set<std::string> names;
  for (const TensorView& t : tensors) {
    if (t.name.empty() || t.name == kMetadataKey) {
      return InvalidArgument("a tensor cannot be named '" + t.name + "'");
    }
    if (!names.insert(t.name).second) {
      return InvalidArgument("two tensors are named '" + t.name + "'");
    }
  }
  return {};
}

// Tensor numbers in the order of their data: wider elements first, else as given.
std::vector<size_t> DataOrder(const std::vector<TensorView>& tensors) {
  std::vector<size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return SizeOf(tensors[a].type.dtype) > SizeOf(tensors[b].type.dtype);
  });
  return order;
}

Result<std::string> HeaderText(const std::vector<TensorView>& tensors,
                               const std::vector<size_t>& order, const TensorMetadata& metadata) {
  std::vector<int64_t> begins(tensors.size());
  int64_t at = 0;
  for (const size_t i : order) {
    begins[i] = at;
    at += tensors[i].type.bytes();
  }
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[kMetadataKey] = metadata;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const TensorType& type = tensors[i].type;
    header[tensors[i].name] = {{"dtype", NameOfType(type.dtype)},
                               {"shape", type.shape.dims()},
                               {"data_offsets", {begins[i], begins[i] + type.bytes()}}};
  }
  try {
    std::string text = header.dump();
    text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begins aligned
    return text;
  } catch (const nlohmann::json::exception& e) {
    return InvalidArgument(std::string("names and metadata must be UTF-8: ") + e.what());
  }
}

// The tensor an entry of the header describes; its data within `data`.
Result<TensorView> ViewOf(const SafetensorsEntry& entry, std::string_view data) {
  const auto known = std::find_if(std::begin(kTypes), std::end(kTypes),
                                  [&](const TypeName& t) { return entry.dtype == t.text; });
  if (known == std::end(kTypes)) {
    return InvalidArgument("tensor '" + entry.name + "' has dtype '" + entry.dtype +
                           "'; expected F32, F64, I32, I64 or U8");
  }
  uint64_t bytes = static_cast<uint64_t>(SizeOf(known->dtype));
  std::vector<int64_t> dims;
  for (const uint64_t d : entry.shape) {
    if (d > INT64_MAX || __builtin_mul_overflow(bytes, d, &bytes)) {
      return DataLoss("tensor '" + entry.name + "' has a shape beyond 2^63 bytes");
    }
    dims.push_back(static_cast<int64_t>(d));
  }
  if (entry.begin > entry.end || entry.end > data.size() || entry.end - entry.begin != bytes) {
    return DataLoss("tensor '" + entry.name + "' has data_offsets [" + std::to_string(entry.begin) +
                    ", " + std::to_string(entry.end) + "]; its shape needs " +
                    std::to_string(bytes) + " bytes, the data has " + std::to_string(data.size()));
  }
  return TensorView{entry.name, {known->dtype, Shape(std::move(dims))}, data.data() + entry.begin};
}

// Checks that the tensors, sorted by where they begin, follow each other from 0 to the end of the
// data.
Status CheckNoHoles(std::vector<SafetensorsEntry> entries, uint64_t data_bytes) {
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  uint64_t at = 0;
  for (const SafetensorsEntry& entry : entries) {
    if (entry.begin != at) {
      return DataLoss("tensor '" + entry.name + "' begins at " + std::to_string(entry.begin) +
                      ", expected " + std::to_string(at) +
                      (entry.begin < at ? ": it overlaps another" : ": there is a hole"));
    }
    at = entry.end;
  }
  if (at != data_bytes) {
    return DataLoss("the tensors end at " + std::to_string(at) + " of " +
                    std::to_string(data_bytes) + " bytes of data");
  }
  return {};
}

// The header's text; `bytes` is the whole file.
Result<std::string_view> FindHeader(std::string_view bytes) {
  if (bytes.size() < kLengthBytes) {
    return DataLoss("it has " + std::to_string(bytes.size()) + " bytes, at least 8 expected");
  }
  const auto length = LoadLittleEndian<uint64_t>(bytes.data());
  if (length > kMostHeaderBytes || length > bytes.size() - kLengthBytes) {
    return DataLoss("it says its header has " + std::to_string(length) + " bytes; the file has " +
                    std::to_string(bytes.size()) + ", and 100,000,000 is the most");
  }
  const std::string_view text = bytes.substr(kLengthBytes, length);
  if (!text.starts_with('{')) return DataLoss("its header does not begin with '{'");
  return text;
}

}  // namespace

Status StreamSafetensors(const std::vector<TensorView>& tensors, const TensorMetadata& metadata,
                         const std::function<Status(std::string_view)>& put) {
  RETURN_IF_ERROR(CheckNames(tensors));
  const std::vector<size_t> order = DataOrder(tensors);
  ASSIGN_OR_RETURN(const std::string header, HeaderText(tensors, order, metadata));
  if (header.size() > kMostHeaderBytes) {
    return InvalidArgument("the header would have " + std::to_string(header.size()) +
                           " bytes; 100,000,000 is the most");
  }
  std::string start;
  AppendLittleEndian<uint64_t>(header.size(), &start);
  RETURN_IF_ERROR(put(start + header));
  for (const size_t i : order) {
    const int64_t size = tensors[i].type.bytes();
    if (size == 0) continue;  // its pointer may be null
    RETURN_IF_ERROR(put({static_cast<const char*>(tensors[i].data), static_cast<size_t>(size)}));
  }
  return {};
}

Result<std::string> SerializeSafetensors(const std::vector<TensorView>& tensors,
                                         const TensorMetadata& metadata) {
  std::string bytes;
  RETURN_IF_ERROR(StreamSafetensors(tensors, metadata, [&](std::string_view piece) {
    bytes += piece;
    return OkStatus();
  }));
  return bytes;
}

Status WriteSafetensors(const std::string& path, const std::vector<TensorView>& tensors,
                        const TensorMetadata& metadata) {
  ASSIGN_OR_RETURN(const std::string bytes, SerializeSafetensors(tensors, metadata));
  return WriteFileAtomic(path, bytes);
}

Result<SafetensorsFile> SafetensorsFile::Read(const std::string& path, const Advance& advance) {
  constexpr int64_t kAnySize = std::numeric_limits<int64_t>::max();
  Result<std::string> bytes = ReadRegularFile(path, kAnySize, advance);
  if (bytes.status().code() == StatusCode::kNotFound) {
    return NotFound("there is no file " + LookupPathText(path));
  }
  RETURN_IF_ERROR(bytes.status());
  return Parse(*std::move(bytes), path);
}

Result<SafetensorsFile> SafetensorsFile::Parse(std::string bytes, std::string_view name) {
  SafetensorsFile file;
  file.name_ = name;
  const auto parse = [&]() -> Status {
    // The header is copied off so that the data lies aligned in memory.
    ASSIGN_OR_RETURN(const std::string_view text, FindHeader(bytes));
    ASSIGN_OR_RETURN(SafetensorsHeader header, ParseSafetensorsHeader(text));
    const size_t data_begin = kLengthBytes + text.size();
    file.bytes_.assign(bytes.begin() + static_cast<int64_t>(data_begin), bytes.end());
    const std::string_view data(file.bytes_.data(), file.bytes_.size());
    for (const SafetensorsEntry& entry : header.entries) {
      ASSIGN_OR_RETURN(TensorView view, ViewOf(entry, data));
      file.tensors_.push_back(std::move(view));
    }
    file.metadata_ = std::move(header.metadata);
    return CheckNoHoles(std::move(header.entries), data.size());
  };
  if (Status status = parse(); !status.ok()) {
    if (const std::string what = ForeignFileText(bytes); !what.empty()) {
      return DataLoss("'" + file.name_ + "' is not a safetensors file but " + what);
    }
    return status.WithContext("'" + file.name_ + "' is not a safetensors file that can be used");
  }
  return file;
}

Result<TensorView> SafetensorsFile::Find(std::string_view name) const {
  std::vector<std::string> names;
  for (const TensorView& t : tensors_) {
    if (t.name == name) return t;
    names.push_back(t.name);
  }
  return NotFound("'" + name_ + "' has no tensor '" + std::string(name) + "'" +
                  Suggestion(name, names));
}

}  // namespace lockstep::storage
