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

  // Where the scalar of that name lies, until the next Add. There is one.
  const void* Find(std::string_view name) const {
    for (const Cell& cell : cells_) {
      if (cell.name == name) return cell.bytes;
    }
    CHECK(false) << "a plan reads a scalar " << name << " which this step does not have";
    return nullptr;
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
