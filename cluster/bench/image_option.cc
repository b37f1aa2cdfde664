// SPDX-License-Identifier: Apache-2.0
#include "cluster/bench/image_option.h"

#include <charconv>
#include <vector>

namespace lockstep::cluster {

Result<Shape> ParseImage(const std::string& text) {
  std::vector<int64_t> sizes;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at <= end) {
    int64_t size = 0;
    const auto [next, error] = std::from_chars(at, end, size);
    if (error != std::errc() || size < 1 || size > 65536) break;
    sizes.push_back(size);
    if (next == end && sizes.size() == 3) return Shape{sizes[0], sizes[1], sizes[2]};
    if (next == end || *next != 'x') break;
    at = next + 1;
  }
  return InvalidArgument("--image is '" + text +
                         "'; expected HEIGHTxWIDTHxCHANNELS, each from 1 to 65536, for example "
                         "64x64x3");
}

std::string ImageText(const Shape& image) {
  return std::to_string(image[0]) + "x" + std::to_string(image[1]) + "x" + std::to_string(image[2]);
}

}  // namespace lockstep::cluster
