// SPDX-License-Identifier: Apache-2.0
// LowerCase: the letters A to Z of a text as a to z, whatever the locale; all else as it is.
#pragma once

#include <string>

namespace lockstep {

inline std::string LowerCase(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace lockstep
