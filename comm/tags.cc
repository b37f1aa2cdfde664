// SPDX-License-Identifier: Apache-2.0
#include "comm/tags.h"

namespace lockstep::comm {

std::string TagText(uint32_t tag) {
  if (tag == kBlockWordsTag) return "words of blocks";
  if (tag == kOptimizerStateTag) return "optimizer state";
  if (tag == kSampleRowsTag) return "rows of samples";
  if (tag < kFirstBucketTag) return "tag " + std::to_string(tag);
  const uint32_t index = tag - kFirstBucketTag;
  return (index % 2 == 0 ? "reduce of bucket " : "gather of bucket ") + std::to_string(index / 2);
}

}  // namespace lockstep::comm
