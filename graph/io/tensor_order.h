// SPDX-License-Identifier: Apache-2.0
// Translates between a parameter's order in memory (K R S C) and in files (torchvision's K C R S).
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "graph/nn/net.h"

namespace lockstep::graph {

// For each of the file's axes: how many elements it has, and how far apart they lie in memory.
struct FileAxis {
  int64_t size = 0;
  int64_t memory_stride = 0;
};
std::vector<FileAxis> FileAxes(const Parameter& parameter);

// Calls visit(file index, memory index) for every element, in the file's order, as long as
// keep_going(), which is asked before each row along the file's last axis. Returns whether all were
// visited.
template <typename KeepGoing, typename Visit>
bool ForEachElementWhile(const Parameter& parameter, KeepGoing&& keep_going, Visit&& visit) {
  const std::vector<FileAxis> axes = FileAxes(parameter);
  const int64_t elements = parameter.type.shape.elements();
  const FileAxis last = axes.empty() ? FileAxis{1, 1} : axes.back();
  std::vector<int64_t> at(axes.size(), 0);  // position along each axis but the last
  int64_t memory = 0;
  for (int64_t file = 0; file < elements;) {
    if (!keep_going()) return false;
    for (int64_t i = 0; i < last.size; ++i) visit(file++, memory + i * last.memory_stride);
    for (size_t k = axes.size() - (axes.empty() ? 0 : 1); k-- > 0;) {
      memory += axes[k].memory_stride;
      if (++at[k] < axes[k].size) break;
      memory -= axes[k].size * axes[k].memory_stride;
      at[k] = 0;
    }
  }
  return true;
}

// The same, for every element whatever happens.
template <typename Visit>
void ForEachElement(const Parameter& parameter, Visit&& visit) {
  (void)ForEachElementWhile(
      parameter, [] { return true; }, std::forward<Visit>(visit));
}

template <typename T>
void ToFileOrder(const Parameter& parameter, const T* memory, T* file) {
  ForEachElement(parameter, [&](int64_t f, int64_t m) { file[f] = memory[m]; });
}

// `From` may be narrower than `To`: the values are the same.
template <typename From, typename To>
void FromFileOrder(const Parameter& parameter, const From* file, To* memory) {
  ForEachElement(parameter, [&](int64_t f, int64_t m) { memory[m] = static_cast<To>(file[f]); });
}

}  // namespace lockstep::graph
