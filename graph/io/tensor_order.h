// SPDX-License-Identifier: Apache-2.0
// Between a parameter's order in memory (K R S C) and in files (torchvision's K C R S).
#pragma once

#include <cstdint>
#include <vector>

#include "graph/nn/net.h"

namespace lockstep::graph {

// Entry i: the memory index of the file's element i.
std::vector<int64_t> MemoryIndexOfFileElement(const Parameter& parameter);

template <typename T>
void ToFileOrder(const Parameter& parameter, const T* memory, T* file) {
  const std::vector<int64_t> index = MemoryIndexOfFileElement(parameter);
  for (size_t i = 0; i < index.size(); ++i) file[i] = memory[index[i]];
}

template <typename T>
void FromFileOrder(const Parameter& parameter, const T* file, T* memory) {
  const std::vector<int64_t> index = MemoryIndexOfFileElement(parameter);
  for (size_t i = 0; i < index.size(); ++i) memory[index[i]] = file[i];
}

}  // namespace lockstep::graph
