// SPDX-License-Identifier: Apache-2.0
// The operations that an augmentation list may hold, for the page of recipe keys.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/options/option.h"

namespace lockstep::storage {

struct AugmentKind {
  std::string name;    // "random-crop"
  std::string doc;     // one line
  OptionList options;  // in the order in which they are written
  size_t values = 0;   // how many of them, the first, must be given and are written without a name

  std::string Form() const;  // "random-crop:SIZE[:pad=PAD]"
};

const std::vector<AugmentKind>& AugmentKinds();

}  // namespace lockstep::storage
