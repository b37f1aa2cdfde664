// SPDX-License-Identifier: Apache-2.0
// DropAt: takes elements out of a list where they lie. Internal to storage/import.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace lockstep::storage {

// Drops the elements at `places`, which are ascending; the others stay in order. No second list is
// made.
template <typename T>
void DropAt(const std::vector<uint32_t>& places, std::vector<T>* list) {
  if (places.empty()) return;
  size_t to = places[0], next = 0;
  for (size_t from = to; from < list->size(); ++from) {
    if (next < places.size() && places[next] == from) {
      ++next;
    } else {
      (*list)[to++] = std::move((*list)[from]);
    }
  }
  list->resize(to);
}

}  // namespace lockstep::storage
