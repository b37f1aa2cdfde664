// SPDX-License-Identifier: Apache-2.0
#include "storage/augment/draws.h"

namespace lockstep::storage {

AugmentDraws::AugmentDraws(const AugmentStream& stream, uint32_t op_index)
    : key_(stream.key),
      counter_{static_cast<uint32_t>(stream.epoch.value), LowWord(stream.id.value),
               HighWord(stream.id.value), op_index << 24} {}

uint32_t AugmentDraws::Word() {
  const uint32_t word = Philox4x32(counter_, key_)[0];
  ++counter_[3];
  return word;
}

float AugmentDraws::Uniform() { return UniformFloat(Word()); }

double AugmentDraws::Between(double low, double high) {
  return low + (high - low) * static_cast<double>(Uniform());
}

uint32_t AugmentDraws::Below(uint32_t n) {
  return UniformBelow(n, [this](uint32_t) { return Word(); });
}

}  // namespace lockstep::storage
