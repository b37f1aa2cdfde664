// SPDX-License-Identifier: Apache-2.0
#include "worker/run/checkpoint_values.h"

#include <bit>

#include "base/hash.h"

namespace lockstep::worker {
namespace {

// A metric of the last evaluation stands under this and its name.
constexpr char kMetricValues[] = "metric.";

std::string BitsText(double value) { return Hex64(std::bit_cast<uint64_t>(value)); }

// A double that BitsText wrote.
Result<double> BitsValue(const storage::CheckpointManifest& manifest, const std::string& name) {
  const auto found = manifest.values.find(name);
  uint64_t bits = 0;
  if (found == manifest.values.end() || !ParseHex64(found->second, &bits)) {
    return DataLoss("checkpoint " + manifest.id.Name() + " has no value '" + name + "'");
  }
  return std::bit_cast<double>(bits);
}

}  // namespace

std::map<std::string, std::string> CheckpointValues(const TrainSummary& summary,
                                                    const EpochLoss& epoch) {
  std::map<std::string, std::string> values = {
      {"epoch_numerator", BitsText(epoch.numerator)},
      {"epoch_denominator", BitsText(epoch.denominator)},
      {"seconds", BitsText(summary.seconds)},
      {"train_loss", BitsText(summary.train_loss)},
      {"val_loss", BitsText(summary.val_loss)},
      {"samples_consumed", BitsText(static_cast<double>(summary.samples_consumed))}};
  for (const Metric& metric : summary.metrics) {
    values[kMetricValues + metric.name] = BitsText(metric.value);
  }
  return values;
}

Status RestoreCheckpointValues(const storage::CheckpointManifest& manifest, TrainSummary* summary,
                               EpochLoss* epoch) {
  ASSIGN_OR_RETURN(epoch->numerator, BitsValue(manifest, "epoch_numerator"));
  ASSIGN_OR_RETURN(epoch->denominator, BitsValue(manifest, "epoch_denominator"));
  ASSIGN_OR_RETURN(summary->seconds, BitsValue(manifest, "seconds"));
  ASSIGN_OR_RETURN(summary->train_loss, BitsValue(manifest, "train_loss"));
  ASSIGN_OR_RETURN(summary->val_loss, BitsValue(manifest, "val_loss"));
  for (Metric& metric : summary->metrics) {
    // A build that has more metrics may go on, by its own branch: those have no value yet.
    if (!manifest.values.contains(kMetricValues + metric.name)) continue;
    ASSIGN_OR_RETURN(metric.value, BitsValue(manifest, kMetricValues + metric.name));
  }
  ASSIGN_OR_RETURN(const double consumed, BitsValue(manifest, "samples_consumed"));
  summary->samples_consumed = static_cast<int64_t>(consumed);
  return OkStatus();
}

}  // namespace lockstep::worker
