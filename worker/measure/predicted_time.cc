// SPDX-License-Identifier: Apache-2.0
#include "worker/measure/predicted_time.h"

#include <algorithm>
#include <optional>

#include "base/file.h"
#include "base/format.h"
#include "base/spread.h"
#include "worker/device/ceilings.h"
#include "worker/measure/step_measurement.h"

namespace lockstep::worker {
namespace {

constexpr int64_t kWarmup = 2, kSteps = 5;

struct Machine {
  Roofline roofline;
  int threads = 1;
  std::string from;  // where the ceilings come from
};

Result<Machine> MachineOf(const TimeOptions& options, int threads) {
  Machine machine;
  machine.threads = threads;
  if (options.spec_file.empty()) {
    ASSIGN_OR_RETURN(const Ceilings ceilings, MeasureCeilings(threads));
    machine.roofline = {ceilings.gflops, ceilings.gbytes_per_second};
    machine.from = "measured now";
    return machine;
  }
  ASSIGN_OR_RETURN(const std::string text, ReadFile(options.spec_file));
  const Result<DeviceSpec> spec = DeviceSpec::FromText(text);
  if (!spec.ok()) return spec.status().WithContext("'" + options.spec_file + "'");
  if (spec->gflops <= 0 || spec->gbytes_per_second <= 0) {
    return InvalidArgument("'" + options.spec_file +
                           "' has no gflops or no gbytes_per_second; write it with `lockstep "
                           "doctor --write-spec FILE` on the machine");
  }
  machine.roofline = RooflineOf(*spec, threads);
  machine.from = options.spec_file;
  return machine;
}

struct Measured {
  StepProfile profile;
  double step_ms = 0.0;
};

// The lanes of the rank that has the most, which are what it computes in a step.
int32_t LanesOfARank(const TrainConfig& config) {
  return (config.batch.lanes + config.run.ranks - 1) / config.run.ranks;
}

// The model of the setup again, with plans that measure; one rank's lanes.
Result<Measured> Measure(TrainConfig config, const RunSetup& setup, const Roofline& roofline) {
  config.batch.lanes = LanesOfARank(config);
  config.run.ranks = 1;
  config.run.lanes_at_once = setup.lanes_at_once;
  const graph::ProgramOptions& program = setup.model->program().options();
  config.batch.lane_batch = setup.most_rows;
  ASSIGN_OR_RETURN(const RunSetup profiling,
                   SetUpWithoutData(config, program.image, program.model_options.classes,
                                    /*profile=*/true));
  ASSIGN_OR_RETURN(const StepMeasurement steps, MeasureSteps(config, profiling, kWarmup, kSteps));
  return Measured{ProfileStep(*profiling.model, config.batch.lanes, roofline, steps.spent, kSteps),
                  SpreadOf(steps.step_ms).median};
}

void PrintRow(const ProfileRow& row, int32_t lanes_at_once, bool measured, std::string* text) {
  *text +=
      Format("%-24s %12.2f %12.2f %12.3f", row.name.c_str(), 1e-6 * static_cast<double>(row.flops),
             1e-6 * static_cast<double>(row.bytes), row.least_ms);
  if (measured) {
    const double ms = row.share_of_step_ms(lanes_at_once);
    *text += Format(" %12.3f %8.1f", ms, row.least_ms > 0 ? ms / row.least_ms : 0.0);
  }
  *text += "\n";
}

}  // namespace

Roofline RooflineOf(const DeviceSpec& spec, int threads) {
  const double share =
      spec.cores > 0 ? std::min(1.0, static_cast<double>(threads) / spec.cores) : 1.0;
  return {spec.gflops * share, spec.gbytes_per_second};
}

Result<TimeText> ExplainTime(const TrainConfig& config, const RunSetup& setup,
                             const TimeOptions& options) {
  const int32_t lanes = LanesOfARank(config);
  const int threads = setup.lanes_at_once * config.batch.lane_threads;
  ASSIGN_OR_RETURN(const Machine machine, MachineOf(options, threads));
  StepProfile profile = ProfileStep(*setup.model, lanes, machine.roofline);
  std::optional<Measured> measured;
  if (options.measure) {
    ASSIGN_OR_RETURN(measured, Measure(config, setup, machine.roofline));
    profile = measured->profile;
  }
  TimeText text;
  text.layers = Format(
      "time of a step of one rank: %d of V = %d lanes of %lld images, forward and backward, on "
      "%d threads; ceilings %.1f GFLOP/s, %.1f GB/s (%s)\n",
      lanes, config.batch.lanes, static_cast<long long>(setup.most_rows), machine.threads,
      machine.roofline.gflops, machine.roofline.gbytes_per_second, machine.from.c_str());
  text.layers += Format("%-24s %12s %12s %12s", "layer", "MFLOP", "MB moved", "least ms");
  if (measured.has_value()) text.layers += Format(" %12s %8s", "measured ms", "times");
  text.layers += "\n";
  for (const ProfileRow& row : profile.layers) {
    PrintRow(row, setup.lanes_at_once, measured.has_value(), &text.layers);
  }
  PrintRow(profile.total, setup.lanes_at_once, measured.has_value(), &text.layers);
  text.layers +=
      "least: of every op the longer of FLOPs / ceiling and bytes / ceiling, with the FLOPs that "
      "its kernel takes where it does with fewer; what caches save and exchanges cost is not in "
      "it\n";
  text.measured = measured.has_value();
  text.step_ms = text.measured ? measured->step_ms : profile.total.least_ms;
  text.total = Format("at least %.3f ms", profile.total.least_ms);
  if (measured.has_value()) {
    text.total += Format("; measured %.3f ms (median of %lld)", measured->step_ms,
                         static_cast<long long>(kSteps));
  }
  text.total += Format(", by %.1f GFLOP/s, %.1f GB/s (%s)", machine.roofline.gflops,
                       machine.roofline.gbytes_per_second, machine.from.c_str());
  return text;
}

}  // namespace lockstep::worker
