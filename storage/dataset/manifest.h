// SPDX-License-Identifier: Apache-2.0
// dataset.manifest: what files a dataset consists of, written last. docs/formats.md has the text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "storage/dataset/verify.h"
#include "storage/env/files.h"

namespace lockstep::storage {

inline constexpr char kManifestName[] = "dataset.manifest";

struct ManifestFile {
  std::string name;
  int64_t size = 0;
  Hash128Value hash;  // XXH3-128
};

struct DatasetManifest {
  Hash128Value digest;  // of the dataset
  int64_t samples = 0;
  std::vector<ManifestFile> files;  // by name: *.sst, MANIFEST-*, CURRENT
};

std::string EncodeManifest(const DatasetManifest& manifest);
// Fails with data-loss where a single byte is not as EncodeManifest wrote it; failed-precondition
// where it is whole but of another version.
Result<DatasetManifest> DecodeManifest(std::string_view text);

// The manifest of the dataset at `directory`. The errors are those of Dataset::Open.
Result<DatasetManifest> ReadManifest(const std::string& directory);

// Whether RocksDB reads a file of this name: such a file must be listed.
bool IsStoreFile(std::string_view name);
// Whether a file of this name is one of the small files that RocksDB starts from: MANIFEST-*,
// CURRENT.
bool IsStartFile(std::string_view name);

// Listed files that are missing or of another size, and store files that are not listed.
std::vector<VerifyProblem> CheckFilesPresent(const std::string& directory,
                                             const DatasetManifest& manifest);
// What is wrong with the file; the message is empty if it has the listed size and hash. Fails only
// where `advance` fails.
Result<VerifyProblem> CheckFileHash(const std::string& directory, const ManifestFile& file,
                                    const Advance& advance = {});

}  // namespace lockstep::storage
