// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/info_codec.h"

#include <bit>
#include <nlohmann/json.hpp>

#include "storage/json/hashed_json.h"

namespace lockstep::storage {
namespace {

using nlohmann::json;

json SchemaJson(const Schema& schema) {
  json fields = json::array();
  for (const FieldSpec& field : schema.fields) {
    fields.push_back({{"name", field.name},
                      {"kind", FieldKindName(field.kind)},
                      {"of", field.of},
                      {"classes", field.classes},
                      {"most", field.most},
                      {"optional", field.optional}});
  }
  return fields;
}

Result<Schema> SchemaFrom(const std::vector<JsonObject>& fields) {
  Schema schema;
  for (const JsonObject& f : fields) {
    Result<FieldKind> kind = FieldKindOf(f.Text("kind"));
    if (!kind.ok()) return DataLoss(kind.status().message());
    schema.fields.push_back({.name = f.Text("name"),
                             .kind = *kind,
                             .of = f.Text("of"),
                             .classes = f.Texts("classes"),
                             .most = f.Integer("most"),
                             .optional = f.Bool("optional")});
  }
  const Status status = schema.Check();
  return status.ok() ? Result<Schema>(std::move(schema)) : DataLoss(status.message());
}

json ToJson(const DatasetInfo& info) {
  json splits = json::array();
  for (const SplitInfo& s : info.splits) {
    json sizes = json::array();
    for (const SizeExample& size : s.sizes) {
      sizes.push_back({{"height", size.height}, {"width", size.width}, {"path", size.path}});
    }
    splits.push_back(
        {{"name", s.name}, {"first_id", s.first_id}, {"count", s.count}, {"sizes", sizes}});
  }
  json rejected_for = json::array();
  for (const auto& [reason, count] : info.rejected_for) {
    rejected_for.push_back({{"reason", reason}, {"count", count}});
  }
  return {{"version", kDatasetVersion},
          {"schema", SchemaJson(info.schema)},
          {"record_bytes", info.record_bytes},
          {"rejected_for", rejected_for},
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
  const int64_t version = j.Integer("version");
  if (version != static_cast<int64_t>(kDatasetVersion)) {
    return DataLoss("version " + std::to_string(version) + ", expected " +
                    std::to_string(kDatasetVersion));
  }
  ASSIGN_OR_RETURN(info.schema, SchemaFrom(j.Objects("schema")));
  for (const JsonObject& s : j.Objects("splits")) {
    info.splits.push_back(
        {s.Text("name"), static_cast<uint64_t>(s.Integer("first_id")), s.Integer("count"), {}});
    for (const JsonObject& size : s.Objects("sizes")) {
      info.splits.back().sizes.push_back(
          {size.Integer("height"), size.Integer("width"), size.Text("path")});
    }
  }
  info.record_bytes = j.Integer("record_bytes");
  for (const JsonObject& r : j.Objects("rejected_for")) {
    info.rejected_for[r.Text("reason")] = r.Integer("count");
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
    return InvalidArgument("class names, split names, the source's name and paths must be UTF-8: " +
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
  hasher_.UpdateU64(info.schema.fields.size());
  for (const FieldSpec& field : info.schema.fields) {
    text(field.name);
    text(std::string(FieldKindName(field.kind)));
    text(field.of);
    hasher_.UpdateU64(field.classes.size());
    for (const std::string& name : field.classes) text(name);
    hasher_.UpdateU64(static_cast<uint64_t>(field.most));
    hasher_.UpdateU64(field.optional ? 1 : 0);
  }
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
