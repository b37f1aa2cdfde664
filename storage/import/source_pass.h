// SPDX-License-Identifier: Apache-2.0
// The first pass of an import: every sample of a source is read and decoded, by several threads.
// What was read is kept for the second pass while there is room for it (kept_samples.h).
// Internal to storage/import. What comes out does not depend on the number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "storage/dataset/channel_statistics.h"
#include "storage/dataset/split_check.h"
#include "storage/import/import.h"
#include "storage/import/kept_samples.h"
#include "storage/import/rejections.h"
#include "storage/importers/importer.h"

namespace lockstep::storage {

// What is known of a source after it has been read once.
struct SourceLook {
  // The samples of a split that are accepted, in the order of the importer's listing. Of each 4
  // bytes are kept, so that the second pass knows that the source has not changed meanwhile.
  struct AcceptedSplit {
    size_t split = 0;                // among those of the importer
    std::vector<uint32_t> hashes;    // HashOf of each
    std::vector<uint32_t> rejected;  // the indices that are left out of it, ascending
    // The place in the importer's listing of accepted sample `place`.
    size_t IndexOf(size_t place) const;
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
  // Whether the sample at a place of the importer's listing is accepted.
  bool Accepts(size_t split, size_t index) const;
  // Of the accepted splits, what the writer else finds out, where nothing will be written
  // (ImportOptions::check_only).
  std::vector<SplitLook> splits;
  // Values that were read and need not be read again, by the importer's split and index.
  std::unique_ptr<KeptSamples> kept;
};

// Of the path and the values: what the fingerprint is the sum of.
Hash128Value HashOf(std::string_view path, const std::vector<FieldValue>& values);

Result<SourceLook> LookAtSource(const Importer& importer, const ImportOptions& options);

// The number of threads that an import uses.
int ImportThreads(const ImportOptions& options);

}  // namespace lockstep::storage
