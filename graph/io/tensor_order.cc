// SPDX-License-Identifier: Apache-2.0
#include "graph/io/tensor_order.h"

namespace lockstep::graph {

std::vector<int64_t> MemoryIndexOfFileElement(const Parameter& parameter) {
  const Shape& shape = parameter.type.shape;
  const size_t rank = static_cast<size_t>(shape.rank());
  std::vector<int64_t> memory_stride(rank, 1);
  for (size_t axis = rank; axis-- > 1;) {
    memory_stride[axis - 1] = memory_stride[axis] * shape[static_cast<int64_t>(axis)];
  }
  std::vector<int64_t> index;
  index.reserve(static_cast<size_t>(shape.elements()));
  std::vector<int64_t> at(rank, 0);  // position along each of the file's axes
  for (int64_t i = 0; i < shape.elements(); ++i) {
    int64_t memory = 0;
    for (size_t k = 0; k < rank; ++k) {
      memory += at[k] * memory_stride[static_cast<size_t>(parameter.file_axes[k])];
    }
    index.push_back(memory);
    for (size_t k = rank; k-- > 0;) {
      if (++at[k] < shape[parameter.file_axes[k]]) break;
      at[k] = 0;
    }
  }
  return index;
}

}  // namespace lockstep::graph
