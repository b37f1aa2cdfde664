// SPDX-License-Identifier: Apache-2.0
// The tags of a training step's messages, in one place, so that a failure can say what was being
// moved. They are small, since an MPI need not take tags above 32767.
#pragma once

#include <cstdint>
#include <string>

namespace lockstep::comm {

inline constexpr uint32_t kBlockWordsTag = 1;      // hashes or norms of blocks
inline constexpr uint32_t kOptimizerStateTag = 2;  // to the rank that writes a checkpoint
inline constexpr uint32_t kSampleRowsTag = 3;      // of an evaluation, to rank 0
inline constexpr uint32_t kFirstBucketTag = 16;    // below: free for other uses

inline uint32_t ReduceTag(int64_t bucket) {
  return kFirstBucketTag + 2 * static_cast<uint32_t>(bucket);
}
inline uint32_t GatherTag(int64_t bucket) { return ReduceTag(bucket) + 1; }

// "reduce of bucket 3", "gather of bucket 3", "words of blocks", "optimizer state", "rows of
// samples", "tag 7".
std::string TagText(uint32_t tag);

}  // namespace lockstep::comm
