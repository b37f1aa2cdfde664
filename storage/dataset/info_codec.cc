// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/info_codec.h"

#include <bit>
#include <nlohmann/json.hpp>

#include "storage/json/hashed_json.h"

namespace lockstep::storage {
namespace {

using nlohmann::json;

json ToJson(const DatasetInfo& info) {
  json splits = json::array();
  for (const SplitInfo& s : info.splits) {
    splits.push_back({{"name", s.name}, {"first_id", s.first_id}, {"count", s.count}});
  }
  return {{"version", kDatasetVersion},
          {"classes", info.classes},
          {"splits", splits},
          {"shard_size", info.shard_size},
          {"height", info.height},
          {"width", info.width},
          {"channels", info.channels},
          {"channel_mean", info.channel_mean},
          {"channel_std", info.channel_std},
          {"source", info.source},
          {"source_fingerprint", info.source_fingerprint.ToHex()},
          {"digest", info.digest.ToHex()},
          {"rejected", info.rejected}};
}

Result<DatasetInfo> FromJson(const JsonObject& j) {
  DatasetInfo info;
  info.classes = j.Texts("classes");
  for (const JsonObject& s : j.Objects("splits")) {
    info.splits.push_back(
        {s.Text("name"), static_cast<uint64_t>(s.Integer("first_id")), s.Integer("count")});
  }
  info.shard_size = j.Integer("shard_size");
  info.height = j.Integer("height");
  info.width = j.Integer("width");
  info.channels = j.Integer("channels");
  info.channel_mean = j.Numbers("channel_mean");
  info.channel_std = j.Numbers("channel_std");
  info.source = j.Text("source");
  info.source_fingerprint = j.Hex128("source_fingerprint");
  info.digest = j.Hex128("digest");
  info.rejected = j.Texts("rejected");
  const int64_t version = j.Integer("version");
  if (version != static_cast<int64_t>(kDatasetVersion)) {
    return DataLoss("version " + std::to_string(version) + ", expected 1");
  }
  return info;
}

Status CheckConsistent(const DatasetInfo& info) {
  uint64_t next = 0;
  for (size_t i = 0; i < info.splits.size(); ++i) {
    const SplitInfo& s = info.splits[i];
    if (s.first_id != next || s.count <= 0 || (i > 0 && s.name <= info.splits[i - 1].name)) {
      return DataLoss("split '" + s.name + "' is not where it should be");
    }
    next += static_cast<uint64_t>(s.count);
  }
  if (info.splits.empty()) return DataLoss("there is no split");
  if (info.shard_size <= 0) return DataLoss("the shard size is not positive");
  if (info.channel_mean.size() != info.channel_std.size()) {
    return DataLoss("channel means and deviations differ in number");
  }
  return {};
}

}  // namespace

Result<std::string> EncodeInfo(const DatasetInfo& info) {
  try {
    return ToJson(info).dump(1);
  } catch (const json::exception& e) {
    return InvalidArgument("classes, split names, the source's name and paths must be UTF-8: " +
                           std::string(e.what()));
  }
}

Result<DatasetInfo> DecodeInfo(std::string_view text) {
  ASSIGN_OR_RETURN(const json parsed, ParseJson(text));
  Status problem;
  const Result<DatasetInfo> info = FromJson(JsonObject(parsed, &problem));
  RETURN_IF_ERROR(problem);
  RETURN_IF_ERROR(info.status());
  RETURN_IF_ERROR(CheckConsistent(*info));
  return info;
}

DigestBuilder::DigestBuilder(const DatasetInfo& info) {
  const auto text = [&](const std::string& s) {
    hasher_.UpdateU64(s.size());
    hasher_.Update(s);
  };
  hasher_.UpdateU64(kDatasetVersion);
  hasher_.UpdateU64(info.classes.size());
  for (const std::string& name : info.classes) text(name);
  hasher_.UpdateU64(info.splits.size());
  for (const SplitInfo& split : info.splits) {
    text(split.name);
    hasher_.UpdateU64(split.first_id);
    hasher_.UpdateU64(static_cast<uint64_t>(split.count));
  }
  hasher_.UpdateU64(static_cast<uint64_t>(info.shard_size));
  hasher_.UpdateU64(info.channel_mean.size());
  for (size_t c = 0; c < info.channel_mean.size(); ++c) {
    hasher_.UpdateU64(std::bit_cast<uint64_t>(info.channel_mean[c]));
    hasher_.UpdateU64(std::bit_cast<uint64_t>(info.channel_std[c]));
  }
}

void DigestBuilder::Add(SampleId id, uint64_t record_checksum) {
  hasher_.UpdateU64(id.value);
  hasher_.UpdateU64(record_checksum);
}

}  // namespace lockstep::storage
