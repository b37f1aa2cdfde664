// SPDX-License-Identifier: Apache-2.0
// ScalarCells: the scalars of a step as plans read them, each on a 64-byte boundary and in the
// run's precision.
#pragma once

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/dtype.h"

namespace lockstep::worker {

class ScalarCells {
 public:
  explicit ScalarCells(DType dtype) : dtype_(dtype) {}

  void Add(std::string name, double value) {
    Cell cell{std::move(name), {}};
    if (dtype_ == DType::kFloat64) {
      std::memcpy(cell.bytes, &value, sizeof value);
    } else {
      const float rounded = static_cast<float>(value);
      std::memcpy(cell.bytes, &rounded, sizeof rounded);
    }
    cells_.push_back(std::move(cell));
  }

  // Where the scalar that was added at that index lies, until the next Add. It has this name.
  const void* At(size_t index, std::string_view name) const {
    CHECK(index < cells_.size() && cells_[index].name == name)
        << "a plan reads '" << name << "' as scalar " << index << " of a step, which has "
        << (index < cells_.size() ? cells_[index].name : "fewer");
    return cells_[index].bytes;
  }

 private:
  struct Cell {
    std::string name;
    alignas(64) unsigned char bytes[64];
  };

  DType dtype_;
  std::vector<Cell> cells_;
};

}  // namespace lockstep::worker
