// SPDX-License-Identifier: Apache-2.0
#include "graph/io/tensor_order.h"

namespace lockstep::graph {

std::vector<FileAxis> FileAxes(const Parameter& parameter) {
  const Shape& shape = parameter.axes;
  std::vector<int64_t> stride(static_cast<size_t>(shape.rank()), 1);
  for (size_t axis = stride.size(); axis-- > 1;) {
    stride[axis - 1] = stride[axis] * shape[static_cast<int64_t>(axis)];
  }
  std::vector<FileAxis> axes;
  for (const int64_t axis : parameter.file_axes) {
    axes.push_back({shape[axis], stride[static_cast<size_t>(axis)]});
  }
  return axes;
}

}  // namespace lockstep::graph
