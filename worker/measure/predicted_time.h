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

// What `threads` threads of a device can do: their share of its arithmetic, where it has more
// cores, and all of its bandwidth.
Roofline RooflineOf(const DeviceSpec& spec, int threads);

// The prediction as text for people.
struct TimeText {
  std::string layers;    // a table, with what its columns mean
  std::string total;     // of a step; one line
  double step_ms = 0.0;  // of a rank's lanes: measured where it was, else the least
  bool measured = false;
};

// Fails with not-found or invalid-argument where the spec file is missing, wrong or without
// ceilings.
Result<TimeText> ExplainTime(const TrainConfig& config, const RunSetup& setup,
                             const TimeOptions& options);

}  // namespace lockstep::worker
