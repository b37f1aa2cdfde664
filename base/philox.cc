// SPDX-License-Identifier: Apache-2.0
#include "base/philox.h"

#include <string>

#include "base/hash.h"
#include "base/math.h"

namespace lockstep {

PhiloxCounter Philox4x32(PhiloxCounter c, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * c[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57} * c[2];
    c = {HighWord(p1) ^ c[1] ^ key[0], LowWord(p1), HighWord(p0) ^ c[3] ^ key[1], LowWord(p0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return c;
}

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
