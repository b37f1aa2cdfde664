// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/parameter_space.h"

#include <algorithm>

namespace lockstep::graph {

ParameterSpace::ParameterSpace(const std::vector<int64_t>& elements) : segments_(elements.size()) {
  for (size_t tensor = elements.size(); tensor-- > 0;) {
    const int64_t padded =
        (elements[tensor] + kTensorPadding - 1) / kTensorPadding * kTensorPadding;
    segments_[tensor] = {static_cast<int32_t>(tensor), elements_, elements[tensor], padded};
    for (int64_t at = 0; at < padded; at += kBlockElements) {
      blocks_.push_back(
          {elements_ + at, std::min(kBlockElements, padded - at), static_cast<int32_t>(tensor)});
    }
    elements_ += padded;
  }
}

}  // namespace lockstep::graph
