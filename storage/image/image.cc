// SPDX-License-Identifier: Apache-2.0
#include "storage/image/image.h"

namespace lockstep::storage {

std::string ImageSize::ToString() const {
  return std::to_string(height) + "x" + std::to_string(width) + "x" + std::to_string(channels);
}

}  // namespace lockstep::storage
