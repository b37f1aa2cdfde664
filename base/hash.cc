// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <xxhash.h>

#include <cstdio>
#include <cstring>

#include "base/check.h"

namespace lockstep {

struct Hasher::State {
  explicit State(XXH3_state_t* p) : xxh(p) {}
  ~State() { XXH3_freeState(xxh); }
  XXH3_state_t* xxh;
};

uint64_t Hash64(const void* data, size_t bytes) { return XXH3_64bits(data, bytes); }

Hash128Value Hash128(const void* data, size_t bytes) {
  const XXH128_hash_t h = XXH3_128bits(data, bytes);
  return {h.low64, h.high64};
}

std::string Hex64(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

std::string Hash128Value::ToHex() const { return Hex64(high) + Hex64(low); }

bool ParseHex64(std::string_view text, uint64_t* value) {
  if (text.size() != 16) return false;
  uint64_t v = 0;
  for (char c : text) {
    int digit = 0;
    if (c >= '0' && c <= '9') {
      digit = c - '0';
    } else if (c >= 'a' && c <= 'f') {
      digit = c - 'a' + 10;
    } else {
      return false;
    }
    v = (v << 4) | static_cast<uint64_t>(digit);
  }
  *value = v;
  return true;
}

bool ParseHex128(std::string_view text, Hash128Value* value) {
  return text.size() == 32 && ParseHex64(text.substr(0, 16), &value->high) &&
         ParseHex64(text.substr(16), &value->low);
}

Hasher::Hasher()
    : state64_(std::make_unique<State>(XXH3_createState())),
      state128_(std::make_unique<State>(XXH3_createState())) {
  CHECK(XXH3_64bits_reset(state64_->xxh) == XXH_OK);
  CHECK(XXH3_128bits_reset(state128_->xxh) == XXH_OK);
}

Hasher::~Hasher() = default;

void Hasher::Update(const void* data, size_t bytes) {
  CHECK(XXH3_64bits_update(state64_->xxh, data, bytes) == XXH_OK);
  CHECK(XXH3_128bits_update(state128_->xxh, data, bytes) == XXH_OK);
}

void Hasher::UpdateU64(uint64_t value) {
  unsigned char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<unsigned char>(value >> (8 * i));
  Update(bytes, sizeof bytes);
}

uint64_t Hasher::Digest64() const { return XXH3_64bits_digest(state64_->xxh); }

Hash128Value Hasher::Digest128() const {
  const XXH128_hash_t h = XXH3_128bits_digest(state128_->xxh);
  return {h.low64, h.high64};
}

}  // namespace lockstep
