// SPDX-License-Identifier: Apache-2.0
// Values: the named values that a method of a model takes and gives.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ops/core/emitter.h"

namespace lockstep::graph {

class Values {
 public:
  Values() = default;
  Values(std::initializer_list<std::pair<std::string, ops::Value>> values) : values_(values) {}

  // An invalid value where there is none of that name.
  ops::Value operator[](std::string_view name) const {
    for (const auto& [known, value] : values_) {
      if (known == name) return value;
    }
    return {};
  }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }

 private:
  std::vector<std::pair<std::string, ops::Value>> values_;
};

}  // namespace lockstep::graph
