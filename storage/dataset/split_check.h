// SPDX-License-Identifier: Apache-2.0
// Whether the splits of a dataset belong together: a model trained on one is evaluated on another.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace lockstep::storage {

// What was learned of the samples of one split. A size is -1 before the first sample, and 0 where
// they are not all equal.
struct SplitLook {
  std::string name;
  int64_t height = -1, width = -1, channels = -1;
  std::vector<int64_t> samples_of_class;

  void Add(int64_t h, int64_t w, int64_t c, int32_t label);
  void Merge(const SplitLook& other);
};

// Fails with invalid-argument, naming two splits and their sizes, where images of one split have
// one size and those of another have another.
Status CheckSizesAgree(const std::vector<SplitLook>& splits);

// What a person should know and may have meant: classes that a split has and `train` lacks, or the
// other way round, and classes without any sample; one line each.
std::vector<std::string> LabelWarnings(const std::vector<SplitLook>& splits,
                                       const std::vector<std::string>& classes);

}  // namespace lockstep::storage
