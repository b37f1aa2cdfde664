// SPDX-License-Identifier: Apache-2.0
// Filter: how pixels are made of those around them.
#pragma once

#include <string>
#include <vector>

namespace lockstep::storage {

enum class Filter { kNearest, kBilinear, kBicubic };

// The filters that an operation takes, as recipes call them, in the order of Filter.
inline const std::vector<std::string>& FilterNames() {
  static const auto* const names = new std::vector<std::string>{"nearest", "bilinear", "bicubic"};
  return *names;
}

// `name` is one of FilterNames().
inline Filter FilterOf(const std::string& name) {
  return name == "nearest" ? Filter::kNearest
                           : (name == "bicubic" ? Filter::kBicubic : Filter::kBilinear);
}

}  // namespace lockstep::storage
