// SPDX-License-Identifier: Apache-2.0
// Dataset: the samples of one import, in a RocksDB directory that is written once (writer.h) and
// from then on only ever opened read-only, by any number of processes. docs/formats.md has the
// bytes.
//
// Opening checks dataset.manifest (present, complete, its own hash, format version), that every
// file it lists is there with its size and that no other data file is, and the hashes of the small
// files RocksDB starts from; it does not read the data files. Every record's checksum is verified
// when it is read, so a damaged record is an error and never a sample. VerifyDataset (verify.h)
// reads everything.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/ids.h"
#include "base/sample/schema.h"
#include "base/status.h"
#include "storage/dataset/record.h"

namespace lockstep::storage {

// The size of one image, and where it is.
struct SizeExample {
  int64_t height = 0;
  int64_t width = 0;
  std::string path;
  bool operator==(const SizeExample&) const = default;
};

// A split is one contiguous range of ids: first_id .. first_id + count - 1.
struct SplitInfo {
  std::string name;
  uint64_t first_id = 0;
  int64_t count = 0;
  // The images of the split that are of extreme size (the lowest, the highest, the narrowest, the
  // widest, the flattest, the steepest), without duplicates: one where all are of one size.
  std::vector<SizeExample> sizes;
};

// What the dataset says about itself.
struct DatasetInfo {
  Schema schema;                                // the fields that every sample has
  std::vector<SplitInfo> splits;                // in bytewise name order; the first begins at id 0
  int64_t shard_size = 256;                     // consecutive ids per shard
  int64_t height = 0, width = 0, channels = 0;  // of the images when all are equal, else 0
  // Mean and population deviation of the pixel values / 255, per channel, over the split "train"
  // (over the first where there is none). Empty where images differ in their number of channels.
  std::vector<double> channel_mean, channel_std;
  int64_t record_bytes = 0;         // of all records together
  std::string source;               // the importer and what it read, for people
  Hash128Value source_fingerprint;  // of the source's contents
  Hash128Value digest;              // of everything that matters to a run (docs/formats.md)
  // Files of the source that are not in the dataset: how many there are for each reason, and the
  // first 1,000 of them, each as "PATH: REASON".
  std::map<std::string, int64_t> rejected_for;
  std::vector<std::string> rejected;

  const std::vector<std::string>& classes() const { return schema.classes(); }

  int64_t samples() const;
  // An unknown name is invalid-argument and lists the splits there are.
  Result<SplitInfo> Split(std::string_view name) const;
  // The split a sample belongs to, or null for an id that is not in the dataset.
  const SplitInfo* SplitOf(SampleId id) const;
};

// Every method may be called by any number of threads at once.
class Dataset {
 public:
  // Errors: not-found (no such directory), data-loss (foreign, incomplete or damaged),
  // failed-precondition (another format version); each with a remedy.
  static Result<std::unique_ptr<Dataset>> Open(const std::string& directory);
  ~Dataset();

  const std::string& directory() const;
  const DatasetInfo& info() const;

  // The record of an id, its checksum verified. Bytes that fail a checksum are read again; if they
  // fail again, data-loss names the id, the key and the file. An id that no split holds is an
  // invalid-argument.
  Result<Record> Read(SampleId id) const;
  // The records first .. first + count - 1 in id order, in one pass. Errors as for Read.
  Result<std::vector<Record>> ReadRange(SampleId first, int64_t count) const;

  // Sizes and labels of a chunk of samples, without their records: ids chunk * shard_size and on,
  // shard_size of them or as many as there are. `chunk` counts from 0.
  Result<std::vector<SampleFacts>> Facts(int64_t chunk) const;
  int64_t chunks() const;

  // The sorted source paths of a split, as they were when ids were given.
  Result<std::vector<std::string>> Listing(std::string_view split) const;

 private:
  class Core;
  explicit Dataset(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace lockstep::storage
