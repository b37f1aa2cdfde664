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
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/ids.h"
#include "base/status.h"

namespace lockstep::storage {

// A split is one contiguous range of ids: first_id .. first_id + count - 1.
struct SplitInfo {
  std::string name;
  uint64_t first_id = 0;
  int64_t count = 0;
};

// What the dataset says about itself.
struct DatasetInfo {
  std::vector<std::string> classes;             // name of label 0, 1, ...
  std::vector<SplitInfo> splits;                // in bytewise name order; the first begins at id 0
  int64_t shard_size = 256;                     // consecutive ids per shard
  int64_t height = 0, width = 0, channels = 0;  // of the samples when all are equal, else 0
  // Mean and population deviation of the pixel values / 255, per channel, over the split "train"
  // (over the first where there is none). Empty where samples differ in their number of channels.
  std::vector<double> channel_mean, channel_std;
  std::string source;                 // the importer and what it read, for people
  Hash128Value source_fingerprint;    // of the source's contents
  Hash128Value digest;                // of everything that matters to a run (docs/formats.md)
  std::vector<std::string> rejected;  // source paths that did not decode and so have no id

  int64_t samples() const;
  // An unknown name is invalid-argument and lists the splits there are.
  Result<SplitInfo> Split(std::string_view name) const;
  // The split a sample belongs to, or null for an id that is not in the dataset.
  const SplitInfo* SplitOf(SampleId id) const;
};

struct Record {
  SampleId id;
  std::string source_path;  // of the original, relative to the source
  int32_t label = 0;
  int32_t height = 0, width = 0, channels = 0;
  std::string pixels;  // H W C, one byte per value

  bool operator==(const Record&) const = default;
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

  // The same, with the record's own checksum, and the listing: what VerifyDataset needs.
  struct CheckedRecord {
    Record record;
    uint64_t checksum = 0;
  };
  Result<std::vector<CheckedRecord>> ReadRangeChecked(SampleId first, int64_t count) const;
  // The sorted source paths of a split, as they were when ids were given.
  Result<std::vector<std::string>> Listing(std::string_view split) const;

 private:
  class Core;
  explicit Dataset(std::unique_ptr<Core> core);
  std::unique_ptr<Core> core_;
};

}  // namespace lockstep::storage
