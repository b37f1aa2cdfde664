// SPDX-License-Identifier: Apache-2.0
// AugmentDraws: the random numbers of one operation on one sample. They are the stream `augment` of
// the run's seed, counter (epoch, id lo, id hi, index of the operation in the list * 2^24 + draw),
// word 0: a pure function of (seed, epoch, id, list), whatever lane, step, thread or rank the
// sample falls to.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "base/philox.h"

namespace lockstep::storage {

// Which random numbers a sample gets.
struct AugmentStream {
  PhiloxKey key{};  // StreamKey(seed, "augment")
  Epoch epoch;
  SampleId id;  // absolute: of the dataset, not relative to its split
};

class AugmentDraws {
 public:
  AugmentDraws(const AugmentStream& stream, uint32_t op_index);
  uint32_t Word();                          // the next draw
  float Uniform();                          // in [0, 1), one draw
  double Between(double low, double high);  // low + (high - low) * Uniform(), one draw
  uint32_t Below(uint32_t n);               // in [0, n), one draw and one more for each rejection

 private:
  PhiloxKey key_;
  PhiloxCounter counter_;
};

}  // namespace lockstep::storage
