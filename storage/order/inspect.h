// SPDX-License-Identifier: Apache-2.0
// Which samples a step sees: what a person asks when the loss of a step jumps.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "storage/order/epoch_order.h"

namespace lockstep::storage {

class Dataset;

struct OrderedSample {
  SampleId id;
  std::string source_path;  // of the original in its source
  int32_t label = -1;       // -1: the dataset has no label
  std::string label_name;   // the class's name; empty if the dataset has none for it
};

struct LaneSamples {
  Lane lane;
  std::vector<OrderedSample> samples;  // in row order; empty where the lane has nothing to do
};

// One entry per lane, for step 0 <= step_in_epoch < StepsPerEpoch of the epoch. Errors: an unknown
// split, a step or epoch that does not exist, a record that cannot be read.
Result<std::vector<LaneSamples>> OrderOfStep(const Dataset& dataset, std::string_view split,
                                             const OrderSpec& spec, Epoch epoch,
                                             int64_t step_in_epoch);

}  // namespace lockstep::storage
