// SPDX-License-Identifier: Apache-2.0
// The part of `explain` about time: what a step of each layer takes at least on this machine, by
// its roofline, and, where asked, what it takes.
#pragma once

#include <string>

#include "base/device/device_spec.h"
#include "base/status.h"
#include "worker/config/train_config.h"
#include "worker/measure/step_profile.h"
#include "worker/model/run_setup.h"

namespace lockstep::worker {

struct TimeOptions {
  std::string
      spec_file;         // ceilings from here (`lockstep doctor --write-spec`); empty: measured now
  bool measure = false;  // also make a few steps on made-up data and show their times beside
};

// What `threads` threads of a device can do: of a device with more cores, their share of its
// arithmetic and all of its bandwidth.
Roofline RooflineOf(const DeviceSpec& spec, int threads);

// For people.
struct TimeText {
  std::string layers;  // a table, with what its columns mean
  std::string total;   // of a step; one line
};

// not-found, invalid-argument: the spec file, or one without ceilings.
Result<TimeText> ExplainTime(const TrainConfig& config, const RunSetup& setup,
                             const TimeOptions& options);

}  // namespace lockstep::worker
