// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/lookup_path.h"
#include "storage/dataset/import_directory.h"
#include "storage/env/files.h"
#include "storage/json/hashed_json.h"

namespace lockstep::storage {
namespace {

using nlohmann::json;

constexpr char kFormat[] = "lockstep-dataset";
constexpr int64_t kManifestVersion = 2;
constexpr HashedFormat kHashedFormat = {kFormat, kManifestVersion,
                                        "Import the source again, or use the program that made it"};
constexpr int64_t kMostManifestBytes = int64_t{64} << 20;

Result<DatasetManifest> FromJson(const JsonObject& j) {
  if (j.Field("complete") != true) return DataLoss("it does not say 'complete'");
  DatasetManifest manifest;
  manifest.digest = j.Hex128("digest");
  manifest.samples = j.Integer("samples");
  for (const JsonObject& f : j.Objects("files")) {
    manifest.files.push_back({f.Text("name"), f.Integer("size"), f.Hex128("xxh3_128")});
    if (!IsStoreFile(manifest.files.back().name)) {
      return DataLoss("'" + manifest.files.back().name + "' is no file of a dataset");
    }
  }
  return manifest;
}

bool AllDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string ImportRemedy(const std::string& directory) {
  return "; make a dataset with: lockstep data import SOURCE PATH --out " + directory;
}

Status ExplainMissing(const std::string& directory) {
  const std::string quoted = "'" + directory + "'";
  if (!PathExists(directory)) {
    return NotFound("there is no dataset at " + LookupPathText(directory) +
                    ImportRemedy(directory));
  }
  if (!IsDirectory(directory)) {
    return DataLoss(quoted + " is a file; a dataset is a directory" + ImportRemedy("DIR"));
  }
  if (IsImportDirectory(directory)) {
    return DataLoss(quoted +
                    " is an import that has not ended; the dataset appears under its own "
                    "name when the import is done");
  }
  if (PathExists(directory + "/CURRENT")) {
    return DataLoss(quoted +
                    " is a RocksDB directory without a dataset.manifest: an incomplete "
                    "dataset, or the database of another program. Import again, to "
                    "another name or after removing it");
  }
  return DataLoss(quoted + " is not a Lockstep dataset: it has no dataset.manifest" +
                  ImportRemedy("DIR"));
}

}  // namespace

std::string EncodeManifest(const DatasetManifest& manifest) {
  json files = json::array();
  for (const ManifestFile& f : manifest.files) {
    files.push_back({{"name", f.name}, {"size", f.size}, {"xxh3_128", f.hash.ToHex()}});
  }
  return HashedText({{"format", kFormat},
                     {"version", kManifestVersion},
                     {"complete", true},
                     {"digest", manifest.digest.ToHex()},
                     {"samples", manifest.samples},
                     {"files", files}});
}

Result<DatasetManifest> DecodeManifest(std::string_view text) {
  return DecodeHashed<DatasetManifest>(text, kHashedFormat, FromJson, EncodeManifest);
}

Result<DatasetManifest> ReadManifest(const std::string& directory) {
  const std::string path = directory + "/" + kManifestName;
  if (!PathExists(path) || IsImportDirectory(directory)) return ExplainMissing(directory);
  ASSIGN_OR_RETURN(const std::string text, ReadRegularFile(path, kMostManifestBytes));
  Result<DatasetManifest> manifest = DecodeManifest(text);
  if (manifest.ok()) return manifest;
  const bool damaged = manifest.status().code() == StatusCode::kDataLoss;
  return Status(
      manifest.status().code(),
      "'" + path + "'" + (damaged ? " is damaged: " : ": ") + manifest.status().message() +
          (damaged ? ". Restore the dataset from a copy or import the source again" : ""));
}

bool IsStartFile(std::string_view name) {
  return name == "CURRENT" || (name.starts_with("MANIFEST-") && AllDigits(name.substr(9)));
}

bool IsStoreFile(std::string_view name) {
  if (IsStartFile(name)) return true;
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos || !AllDigits(name.substr(0, dot))) return false;
  const std::string_view extension = name.substr(dot);
  return extension == ".sst" || extension == ".ldb" || extension == ".log" || extension == ".blob";
}

std::vector<VerifyProblem> CheckFilesPresent(const std::string& directory,
                                             const DatasetManifest& manifest) {
  std::vector<VerifyProblem> problems;
  std::set<std::string> listed;
  for (const ManifestFile& file : manifest.files) {
    listed.insert(file.name);
    const Result<int64_t> size = FileSize(directory + "/" + file.name);
    if (!size.ok()) {
      problems.push_back({file.name, size.status().message()});
    } else if (*size != file.size) {
      problems.push_back(
          {file.name, std::to_string(*size) + " bytes, expected " + std::to_string(file.size)});
    }
  }
  const Result<std::vector<std::string>> names = ListDir(directory);
  if (!names.ok()) return {{directory, names.status().message()}};
  for (const std::string& name : *names) {
    if (IsStoreFile(name) && listed.count(name) == 0) {
      problems.push_back({name, "not listed in dataset.manifest: another program wrote here"});
    }
  }
  return problems;
}

Result<VerifyProblem> CheckFileHash(const std::string& directory, const ManifestFile& file,
                                    const Advance& advance) {
  const Result<FileHash> found = HashFile(directory + "/" + file.name, advance);
  if (found.status().code() == StatusCode::kCancelled) return found.status();
  if (!found.ok()) return VerifyProblem{file.name, found.status().message()};
  if (found->size != file.size) {
    return VerifyProblem{
        file.name, std::to_string(found->size) + " bytes, expected " + std::to_string(file.size)};
  }
  if (found->hash != file.hash) {
    return VerifyProblem{file.name,
                         "XXH3-128 " + found->hash.ToHex() + ", expected " + file.hash.ToHex()};
  }
  return VerifyProblem{file.name, ""};
}

}  // namespace lockstep::storage
