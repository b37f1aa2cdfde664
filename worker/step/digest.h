// SPDX-License-Identifier: Apache-2.0
// The digest: a chained 64-bit hash of the whole training state after each step. Two runs agree
// iff their digests agree (but for 2^-64). Never a function of ranks, host or time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/hash.h"

namespace lockstep::worker {

inline constexpr uint64_t kDigestSchema = 2;

// XXH3-64 of the block hashes in order: parameters, running state, each optimizer slot, and one of
// all frozen parameters, where there are any.
uint64_t HashOfBlockHashes(const std::vector<uint64_t>& block_hashes);

// digest(0): XXH3-64(schema, recipe hash, dataset digest low and high, kernel file hash, H).
uint64_t FirstDigest(uint64_t recipe_hash, Hash128Value dataset_digest, uint64_t kernel_file_hash,
                     uint64_t state_hash);

struct DigestInput {
  int64_t step = 0;   // 1 after the first step
  double loss = 0.0;  // its bits; every NaN counts as 0x7ff8000000000000
  bool skipped = false;
  std::string trainer_state;  // TrainerState::ToBytes
  uint64_t state_hash = 0;    // H
  uint64_t previous = 0;      // digest(s - 1)
};
// digest(s) = XXH3-64(schema, s, loss bits, skip flag, XXH3-64(trainer state), H, digest(s - 1)),
// each 8 bytes little-endian.
uint64_t NextDigest(const DigestInput& input);

}  // namespace lockstep::worker
