// SPDX-License-Identifier: Apache-2.0
// The ids of a listing: a fixed pseudo-random permutation of it, so that any run of consecutive ids
// is a random sample of the source, however the source is sorted. A pure function of the listing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep::storage {

// Entry k is the index in the sorted listing of the sample whose id is (first id of the split) + k:
// 0 .. n-1 shuffled by Philox with counter (i lo, i hi, attempt, 0) and, as key, the XXH3-64 of
// the paths, each followed by a newline. At most 2^31 paths.
std::vector<uint32_t> IdPermutation(const std::vector<std::string>& paths);

}  // namespace lockstep::storage
