// SPDX-License-Identifier: Apache-2.0
// Whether the splits of a dataset belong together: a model trained on one is evaluated on another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/dataset/dataset.h"

namespace lockstep::storage {

// What was learned of the samples of one split. A size is -1 before the first sample, and 0 where
// they are not all equal. The result of adding and merging does not depend on the order.
struct SplitLook {
  std::string name;
  int64_t height = -1, width = -1, channels = -1;
  std::vector<int64_t> samples_of_class;
  // The images of extreme size; among equals, the one whose path is the first.
  std::optional<SizeExample> lowest, highest, narrowest, widest, flattest, steepest;

  void Add(const SampleFacts& sample, int64_t c, const std::string& path);
  void Merge(const SplitLook& other);
  std::vector<SizeExample> Examples() const;  // SplitInfo::sizes
};

// What a person should know and may have meant: splits whose images are of one size each, but not
// of the same.
std::vector<std::string> SizeWarnings(const std::vector<SplitLook>& splits);

// The same of labels: classes that a split has and `train` lacks, or the other way round (where
// there is no `train`: classes that a split lacks and another has), and classes without any sample;
// one line each.
std::vector<std::string> LabelWarnings(const std::vector<SplitLook>& splits,
                                       const std::vector<std::string>& classes);

// Both, for the first label field of a schema.
std::vector<std::string> SplitWarnings(const std::vector<SplitLook>& splits, const Schema& schema);

}  // namespace lockstep::storage
