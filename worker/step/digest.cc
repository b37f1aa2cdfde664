// SPDX-License-Identifier: Apache-2.0
#include "worker/step/digest.h"

#include <bit>
#include <cmath>

namespace lockstep::worker {

uint64_t HashOfBlockHashes(const std::vector<uint64_t>& block_hashes) {
  Hasher hasher;
  for (uint64_t hash : block_hashes) hasher.UpdateU64(hash);
  return hasher.Digest64();
}

uint64_t FirstDigest(uint64_t recipe_hash, Hash128Value dataset_digest, uint64_t kernel_file_hash,
                     uint64_t state_hash) {
  Hasher hasher;
  for (uint64_t word : {kDigestSchema, recipe_hash, dataset_digest.low, dataset_digest.high,
                        kernel_file_hash, state_hash}) {
    hasher.UpdateU64(word);
  }
  return hasher.Digest64();
}

uint64_t NextDigest(const DigestInput& input) {
  const uint64_t loss_bits =
      std::isnan(input.loss) ? 0x7ff8000000000000 : std::bit_cast<uint64_t>(input.loss);
  Hasher hasher;
  for (uint64_t word :
       {kDigestSchema, static_cast<uint64_t>(input.step), loss_bits, uint64_t{input.skipped},
        Hash64(input.trainer_state), input.state_hash, input.previous}) {
    hasher.UpdateU64(word);
  }
  return hasher.Digest64();
}

}  // namespace lockstep::worker
