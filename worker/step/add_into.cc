// SPDX-License-Identifier: Apache-2.0
#include "worker/step/add_into.h"

#include "base/check.h"

namespace lockstep::worker {
namespace {

template <typename T>
void Add(T* sum, const T* addend, int64_t elements) {
  for (int64_t i = 0; i < elements; ++i) sum[i] += addend[i];
}

}  // namespace

void AddInto(DType dtype, void* sum, const void* addend, int64_t elements) {
  CHECK(IsFloat(dtype)) << DTypeName(dtype);
  if (dtype == DType::kFloat64) {
    Add(static_cast<double*>(sum), static_cast<const double*>(addend), elements);
  } else {
    Add(static_cast<float*>(sum), static_cast<const float*>(addend), elements);
  }
}

}  // namespace lockstep::worker
