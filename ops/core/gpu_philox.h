// SPDX-License-Identifier: Apache-2.0
// Philox4x32-10 (base/philox.h) for kernel bodies: the same words from the same counters.
#pragma once

#include "ops/core/gpu_kernel.h"

namespace lockstep::gpu {

// Word i of the node's stream in this step: word i mod 4 of the counter (step, lane, i / 4).
GPU_DEVICE uint32_t PhiloxWord(const PhiloxStart& start, uint64_t i) {
  const uint64_t group = i / 4;
  uint32_t c[4] = {start.step, start.lane, static_cast<uint32_t>(group),
                   static_cast<uint32_t>(group >> 32)};
  uint32_t key0 = start.key0, key1 = start.key1;
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * c[0];
    const uint64_t p1 = uint64_t{0xCD9E8D57} * c[2];
    const uint32_t next0 = static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ key0;
    const uint32_t next2 = static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ key1;
    c[1] = static_cast<uint32_t>(p1);
    c[3] = static_cast<uint32_t>(p0);
    c[0] = next0;
    c[2] = next2;
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  const uint32_t low = i % 2 == 0 ? c[0] : c[1];
  const uint32_t high = i % 2 == 0 ? c[2] : c[3];
  return i % 4 < 2 ? low : high;
}

}  // namespace lockstep::gpu
