// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/id_permutation.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/philox.h"

namespace lockstep::storage {

std::vector<uint32_t> IdPermutation(const std::vector<std::string>& paths) {
  CHECK_LE(paths.size(), size_t{1} << 31);
  Hasher hasher;
  for (const std::string& path : paths) {
    hasher.Update(path);
    hasher.Update("\n", 1);
  }
  const PhiloxKey key = KeyOf(hasher.Digest64());
  return Shuffled(static_cast<uint32_t>(paths.size()), [&](uint64_t i, uint32_t attempt) {
    return Philox4x32({LowWord(i), HighWord(i), attempt, 0}, key)[0];
  });
}

}  // namespace lockstep::storage
