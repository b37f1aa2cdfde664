// SPDX-License-Identifier: Apache-2.0
// What a source has and no sample is made of.
#pragma once

#include <string>

namespace lockstep::storage {

struct Rejected {
  std::string path;
  std::string reason;
};

}  // namespace lockstep::storage
