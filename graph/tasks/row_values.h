// SPDX-License-Identifier: Apache-2.0
// How tasks read what an evaluation keeps of samples.
#pragma once

#include <cstdint>

#include "base/check.h"
#include "graph/tasks/task.h"

namespace lockstep::graph {

// Element `index` of a value of floats or of i32, as a double.
inline double NumberAt(const SampleValue& value, int64_t index) {
  CHECK(index >= 0 && index < value.type.shape.elements()) << index << " of " << value.name;
  switch (value.type.dtype) {
    case DType::kFloat32:
      return static_cast<double>(static_cast<const float*>(value.data)[index]);
    case DType::kFloat64:
      return static_cast<const double*>(value.data)[index];
    case DType::kInt32:
      return static_cast<double>(static_cast<const int32_t*>(value.data)[index]);
    default:
      CHECK(false) << value.name << " is " << value.type.ToString();
      return 0.0;
  }
}

// The value of that name, which the task keeps.
inline const SampleValue& Kept(const HostRow& row, std::string_view name) {
  const SampleValue* const found = row.Find(name);
  CHECK(found != nullptr) << "no value '" << name << "' is kept";
  return *found;
}

}  // namespace lockstep::graph
