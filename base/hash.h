// SPDX-License-Identifier: Apache-2.0
// XXH3 (Collet, xxHash 0.8): the 64-bit hash behind digests, stream keys and record checksums, and
// the 128-bit one behind dataset digests and file checksums. Neither is cryptographic.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lockstep {

uint64_t Hash64(const void* data, size_t bytes);
inline uint64_t Hash64(std::string_view text) { return Hash64(text.data(), text.size()); }

struct Hash128Value {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const Hash128Value&) const = default;
  std::string ToHex() const;  // 32 lower-case digits, high word first
};
Hash128Value Hash128(const void* data, size_t bytes);
inline Hash128Value Hash128(std::string_view text) { return Hash128(text.data(), text.size()); }

std::string Hex64(uint64_t value);                        // 16 lower-case digits
bool ParseHex64(std::string_view text, uint64_t* value);  // exactly 16 hexadecimal digits
bool ParseHex128(std::string_view text, Hash128Value* value);

// A hash fed in pieces. The result equals the one-call hash of the pieces joined.
class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void Update(const void* data, size_t bytes);
  void Update(std::string_view text) { Update(text.data(), text.size()); }
  void UpdateU64(uint64_t value);  // 8 bytes, little-endian
  uint64_t Digest64() const;
  Hash128Value Digest128() const;

 private:
  struct State;
  std::unique_ptr<State> state64_;
  std::unique_ptr<State> state128_;
};

}  // namespace lockstep
