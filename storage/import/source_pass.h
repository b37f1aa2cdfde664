// SPDX-License-Identifier: Apache-2.0
// The first pass of an import: every sample of a source is read and decoded, by several threads.
// Internal to storage/import. What comes out does not depend on the number of threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "storage/dataset/channel_statistics.h"
#include "storage/import/import.h"
#include "storage/import/rejections.h"
#include "storage/importers/importer.h"

namespace lockstep::storage {

// What is known of a source after it has been read once.
struct SourceLook {
  // A sample that is accepted: its place in the importer's listing, and a
  // hash of its values, by which the second pass knows that the source has not changed meanwhile.
  struct Accepted {
    uint32_t index = 0;
    uint32_t hash = 0;
  };
  struct AcceptedSplit {
    size_t split = 0;  // among those of the importer
    std::vector<Accepted> samples;
  };
  std::vector<AcceptedSplit> accepted;  // those splits that have samples
  Rejections rejected;                  // of samples; their places are {split + 1, index}
  ChannelSums sums;                     // over the split of the statistics
  // Of each field of the schema: the largest n of an accepted sample, see FieldSpec::most.
  std::vector<int64_t> most;
  // The sum, in each of its two words, of the XXH3-128 of every accepted sample: the same whatever
  // the order. A sample counts as its path and its values as they are stored, the dimensions that
  // were put in for encoded images (--grey changes them) included: not as the bytes of its files.
  Hash128Value fingerprint;
};

uint32_t HashOf(const std::vector<FieldValue>& values);

Result<SourceLook> LookAtSource(const Importer& importer, const ImportOptions& options);

// The number of threads that an import uses.
int ImportThreads(const ImportOptions& options);

}  // namespace lockstep::storage
