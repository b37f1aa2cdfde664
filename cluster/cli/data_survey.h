// SPDX-License-Identifier: Apache-2.0
// What a dataset's columns say of each split: read without touching a record.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/status.h"
#include "storage/dataset/dataset.h"

namespace lockstep::cluster {

struct SplitSurvey {
  std::vector<int64_t> of_class;  // samples of each class of the first label field
  // Images whose shorter side is at least the key, a power of two, and below twice the key.
  std::map<int64_t, int64_t> shorter_sides;
  int64_t boxes = 0;  // of the first field of boxes
  int64_t most_boxes = 0;
  int64_t without_boxes = 0;  // samples
};

// One for each split, in their order.
Result<std::vector<SplitSurvey>> SurveyColumns(const storage::Dataset& dataset);

}  // namespace lockstep::cluster
