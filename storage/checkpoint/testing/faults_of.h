// SPDX-License-Identifier: Apache-2.0
// FaultsOf: faults (base/fault_point.h) for the length of one test.
#pragma once

#include <string_view>

#include "base/fault_point.h"

namespace lockstep::storage {

class FaultsOf {
 public:
  explicit FaultsOf(std::string_view text) { SetFaultsForTesting(text); }
  ~FaultsOf() { SetFaultsForTesting(""); }
  FaultsOf(const FaultsOf&) = delete;
  FaultsOf& operator=(const FaultsOf&) = delete;
};

}  // namespace lockstep::storage
