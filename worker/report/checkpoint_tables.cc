// SPDX-License-Identifier: Apache-2.0
#include "worker/report/checkpoint_tables.h"

#include "base/hash.h"

namespace lockstep::worker {
namespace {

storage::TensorView TensorOf(const char* name, const std::string& text) {
  return {name, TensorType{DType::kUInt8, {static_cast<int64_t>(text.size())}}, text.data()};
}

Result<std::string> TextOf(const storage::CheckpointTensors& tensors, const char* name) {
  ASSIGN_OR_RETURN(const storage::TensorView tensor, tensors.Find(name));
  if (tensor.type.dtype != DType::kUInt8) {
    return DataLoss(std::string("'") + name + "' is " + tensor.type.ToString() +
                    "; expected the bytes of a table");
  }
  return std::string(static_cast<const char*>(tensor.data),
                     static_cast<size_t>(tensor.type.bytes()));
}

// Whether the last row is that of the checkpoint's own step: "STEP,...,DIGEST", where a step that
// was not digested has no digest.
bool EndsAt(const std::string& digests, const storage::CheckpointManifest& manifest) {
  const size_t begin = digests.rfind('\n', digests.size() - 2) + 1;
  const std::string row = digests.substr(begin);
  const std::string digest = row.substr(row.rfind(',') + 1);
  return row.starts_with(std::to_string(manifest.id.step) + ",") &&
         (digest == "\n" || digest == Hex64(manifest.digest) + "\n");
}

}  // namespace

storage::TensorGroup TablesGroup(const RunTables& tables) {
  return {kTablesGroup,
          {TensorOf(kDigestsFile, tables.digests), TensorOf(kResultsFile, tables.results)}};
}

Result<RunTables> ReadTables(const std::string& path, const storage::CheckpointManifest& manifest) {
  ASSIGN_OR_RETURN(const auto tensors,
                   storage::CheckpointTensors::ReadDirectory(path, manifest, kTablesGroup));
  RunTables tables;
  ASSIGN_OR_RETURN(tables.digests, TextOf(tensors, kDigestsFile));
  ASSIGN_OR_RETURN(tables.results, TextOf(tensors, kResultsFile));
  if (StatesOf(tables) == manifest.tables && EndsAt(tables.digests, manifest)) return tables;
  return DataLoss("the tables of checkpoint '" + path + "' are not those of its manifest");
}

}  // namespace lockstep::worker
