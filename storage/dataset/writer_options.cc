// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/writer_options.h"

#include <algorithm>
#include <string_view>

#include "base/utf8.h"

namespace lockstep::storage {
namespace {

Status CheckPaths(const SplitListing& split) {
  if (split.paths.empty()) return InvalidArgument("split '" + split.name + "' has no samples");
  if (split.paths.size() > size_t{1} << 31) {
    return InvalidArgument("split '" + split.name + "' has more than 2^31 samples");
  }
  for (size_t i = 0; i < split.paths.size(); ++i) {
    const std::string& path = split.paths[i];
    if (path.empty() || path.find('\n') != std::string::npos || !IsUtf8(path)) {
      return InvalidArgument("path " + std::to_string(i) + " of split '" + split.name + "' ('" +
                             path +
                             "') is empty, has a newline or is not UTF-8; "
                             "rename the file");
    }
    if (i > 0 && path <= split.paths[i - 1]) {
      return InvalidArgument("paths of split '" + split.name + "' are not in bytewise order: '" +
                             path + "' after '" + split.paths[i - 1] + "'");
    }
  }
  return {};
}

}  // namespace

bool IsSplitName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '_' || c == '.';
  });
}

Status CheckNames(const Schema& schema, const std::vector<SplitListing>& splits) {
  if (schema.fields.empty()) return InvalidArgument("the source has no fields");
  RETURN_IF_ERROR(schema.Check());
  for (const FieldSpec& field : schema.fields) {
    if (field.kind == FieldKind::kLabel && field.classes.empty()) {
      return InvalidArgument("the source has no classes for field '" + field.name + "'");
    }
    for (size_t c = 0; c < field.classes.size(); ++c) {
      if (IsUtf8(field.classes[c])) continue;
      return InvalidArgument("the name of class " + std::to_string(c) + " of field '" + field.name +
                             "' is not UTF-8; rename it");
    }
  }
  for (size_t i = 0; i < splits.size(); ++i) {
    const std::string& name = splits[i].name;
    if (!IsSplitName(name)) {
      return InvalidArgument("the source has a split of the name '" + name +
                             "'; expected letters a to z and A to Z, digits, '-', '_' and '.' "
                             "alone; rename it in the source");
    }
    if (i > 0 && name <= splits[i - 1].name) {
      return InvalidArgument("splits are not in bytewise order: '" + name + "' after '" +
                             splits[i - 1].name + "'");
    }
  }
  return {};
}

int64_t IdsPerFile(int64_t samples, int64_t shard_size) {
  constexpr int64_t kUsualShards = 64, kMostFiles = 256;
  const int64_t shards = (samples + shard_size - 1) / shard_size;
  return std::max(kUsualShards, (shards + kMostFiles - 1) / kMostFiles) * shard_size;
}

Status CheckWriterOptions(const WriterOptions& options) {
  if (options.shard_size < 1 || options.shard_size > int64_t{1} << 20) {
    return InvalidArgument("shard size " + std::to_string(options.shard_size) +
                           "; expected 1 .. 1048576");
  }
  if (options.splits.empty()) return InvalidArgument("the source has no splits");
  RETURN_IF_ERROR(CheckNames(options.schema, options.splits));
  for (const SplitListing& split : options.splits) RETURN_IF_ERROR(CheckPaths(split));
  return {};
}

}  // namespace lockstep::storage
