// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/parameter_space.h"

#include <algorithm>

namespace lockstep::graph {

ParameterSpace::ParameterSpace(const std::vector<int64_t>& elements,
                               const std::vector<bool>& frozen)
    : segments_(elements.size()) {
  const auto is_frozen = [&](size_t tensor) { return !frozen.empty() && frozen[tensor]; };
  const auto place = [&](size_t tensor) {
    const int64_t padded =
        (elements[tensor] + kTensorPadding - 1) / kTensorPadding * kTensorPadding;
    segments_[tensor] = {static_cast<int32_t>(tensor), arena_elements_, elements[tensor], padded};
    arena_elements_ += padded;
  };
  for (size_t tensor = elements.size(); tensor-- > 0;) {
    if (is_frozen(tensor)) continue;
    place(tensor);
    const Segment& segment = segments_[tensor];
    for (int64_t at = 0; at < segment.padded_elements; at += kBlockElements) {
      blocks_.push_back({segment.offset + at,
                         std::min(kBlockElements, segment.padded_elements - at), segment.tensor});
    }
  }
  elements_ = arena_elements_;
  for (size_t tensor = elements.size(); tensor-- > 0;) {
    if (is_frozen(tensor)) place(tensor);
  }
}

}  // namespace lockstep::graph
