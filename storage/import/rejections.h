// SPDX-License-Identifier: Apache-2.0
// Rejections: what an import leaves out, counted by kind of reason, and the first of it by name.
// Internal to storage/import. It stays small however much is left out, and what it says in the end
// does not depend on the order in which things were added.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "storage/source/source_files.h"

namespace lockstep::storage {

class Rejections {
 public:
  static constexpr size_t kMostListed = 1000;
  static constexpr size_t kMostKinds = 100;
  using Place = std::pair<size_t, size_t>;  // by which those that are listed are chosen and ordered

  // No two have the same place.
  void Add(const Place& place, const std::string& path, const std::string& reason);

  int64_t count() const { return count_; }
  // Those with the smallest places, kMostListed of them at most.
  const std::map<Place, RejectedFile>& listed() const { return listed_; }
  // How many there were for each kind of reason: a reason without its numbers and names. Of more
  // than kMostKinds the first in bytewise order stand alone; the rest are "other reasons".
  std::map<std::string, int64_t> Kinds() const;

 private:
  int64_t count_ = 0;
  std::map<Place, RejectedFile> listed_;
  std::map<std::string, int64_t> kinds_;
  int64_t others_ = 0;
};

}  // namespace lockstep::storage
