// SPDX-License-Identifier: Apache-2.0
// Damage for tests: files with a bit flipped or cut short, always the same for the same number.
#pragma once

#include <fstream>
#include <string>

#include "base/check.h"
#include "base/philox.h"
#include "storage/env/files.h"

namespace lockstep::storage {

inline void Overwrite(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  CHECK(file.good()) << path;
}

// Damage number n: one in four times the bytes cut, else a bit of them flipped. `what` says which.
inline std::string Damaged(std::string bytes, uint32_t n, std::string* what) {
  const PhiloxCounter words = Philox4x32({n, 0, 0, 0}, {2, 7});
  const size_t at = words[0] % bytes.size();
  if (words[1] % 4 == 0) {
    *what = "cut to " + std::to_string(at) + " bytes";
    return bytes.substr(0, at);
  }
  const uint32_t bit = words[2] % 8;
  *what = "bit " + std::to_string(bit) + " of byte " + std::to_string(at);
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << bit));
  return bytes;
}

inline void Flip(const std::string& path, size_t at) {
  std::string bytes = *ReadRegularFile(path);
  bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
  Overwrite(path, bytes);
}

}  // namespace lockstep::storage
