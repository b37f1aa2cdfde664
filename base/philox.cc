// SPDX-License-Identifier: Apache-2.0
#include "base/philox.h"

#include <string>

#include "base/hash.h"
#include "base/math.h"

namespace lockstep {

PhiloxKey StreamKey(uint64_t seed, std::string_view purpose, std::string_view name) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(seed >> (8 * i)));
  bytes += purpose;
  bytes += name;
  return KeyOf(Hash64(bytes));
}

double NormalFromWords(uint32_t word1, uint32_t word2) {
  const double u1 = static_cast<double>(word1 >> 8) * 0x1p-24 + 0x1p-25;
  const double u2 = static_cast<double>(word2 >> 8) * 0x1p-24;
  return math::Sqrt(-2.0 * math::Log(u1)) * math::Cos(2.0 * math::kPi * u2);
}

}  // namespace lockstep
