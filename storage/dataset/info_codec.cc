// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/info_codec.h"

#include <bit>
#include <nlohmann/json.hpp>

#include "storage/json/strict_json.h"

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

DatasetInfo FromJson(const json& j) {
  DatasetInfo info;
  info.classes = Strings(j, "classes");
  for (const json& s : Array(j, "splits")) {
    info.splits.push_back(
        {Text(s, "name"), static_cast<uint64_t>(Integer(s, "first_id")), Integer(s, "count")});
  }
  info.shard_size = Integer(j, "shard_size");
  info.height = Integer(j, "height");
  info.width = Integer(j, "width");
  info.channels = Integer(j, "channels");
  info.channel_mean = Numbers(j, "channel_mean");
  info.channel_std = Numbers(j, "channel_std");
  info.source = Text(j, "source");
  info.source_fingerprint = Hex128(j, "source_fingerprint");
  info.digest = Hex128(j, "digest");
  info.rejected = Strings(j, "rejected");
  if (Integer(j, "version") != static_cast<int64_t>(kDatasetVersion)) {
    throw StrictJsonError("version " + j.at("version").dump() + ", expected 1");
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
  const auto parse = [&]() -> Result<DatasetInfo> {
    try {
      return FromJson(json::parse(text));
    } catch (const json::exception& e) {
      return DataLoss(e.what());
    } catch (const StrictJsonError& e) {
      return DataLoss(e.what());
    }
  };
  ASSIGN_OR_RETURN(DatasetInfo info, parse());
  RETURN_IF_ERROR(CheckConsistent(info));
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
