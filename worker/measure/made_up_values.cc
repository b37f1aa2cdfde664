// SPDX-License-Identifier: Apache-2.0
#include "worker/measure/made_up_values.h"

#include <algorithm>
#include <cstring>

#include "base/philox.h"

namespace lockstep::worker {
namespace {

// A tensor is this many random numbers, again and again: making each anew would take longer than
// many a kernel.
constexpr int64_t kRandomBlock = 65536;

template <typename T>
void FillRandom(uint64_t seed, int64_t elements, T* x) {
  const PhiloxKey key = KeyOf(seed);
  for (int64_t i = 0; i < std::min(elements, kRandomBlock); ++i) {
    const PhiloxCounter words = Philox4x32({static_cast<uint32_t>(i), 0, 0, 0}, key);
    x[i] = static_cast<T>(2.0f * UniformFloat(words[0]) - 1.0f);
  }
  for (int64_t i = kRandomBlock; i < elements; i += kRandomBlock) {
    std::copy_n(x, std::min(kRandomBlock, elements - i), x + i);
  }
}

}  // namespace

void FillMadeUp(const TensorType& type, uint64_t seed, void* data) {
  const int64_t n = type.shape.elements();
  switch (type.dtype) {
    case DType::kFloat32:
      return FillRandom(seed, n, static_cast<float*>(data));
    case DType::kFloat64:
      return FillRandom(seed, n, static_cast<double*>(data));
    case DType::kUInt8: {
      auto* x = static_cast<uint8_t*>(data);
      for (int64_t i = 0; i < n; ++i) {
        x[i] = Philox4x32({static_cast<uint32_t>(i), 1, 0, 0}, KeyOf(seed))[0] & 1;
      }
      return;
    }
    case DType::kInt32:
    case DType::kInt64:
      std::memset(data, 0, static_cast<size_t>(type.bytes()));
  }
}

}  // namespace lockstep::worker
