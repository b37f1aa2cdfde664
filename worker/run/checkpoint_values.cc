// SPDX-License-Identifier: Apache-2.0
#include "worker/run/checkpoint_values.h"

#include <bit>

#include "base/hash.h"

namespace lockstep::worker {
namespace {

// A metric of the last evaluation stands under this and its name.
constexpr char kMetricValues[] = "metric.";

// The sums of the epoch so far stand under these and their names: their elements, 16 digits each,
// and the samples they are of.
constexpr char kSumValues[] = "epoch_sum.";
constexpr char kSumSamples[] = "epoch_sum_samples.";

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

std::string BitsOf(const graph::SumTotal& sum) {
  std::string text;
  for (const double value : sum.f64) text += BitsText(value);
  for (const int64_t value : sum.i64) text += Hex64(static_cast<uint64_t>(value));
  return text;
}

Status DoesNotFit(const storage::CheckpointManifest& manifest, const std::string& name) {
  return DataLoss("the value '" + name + "' of checkpoint " + manifest.id.Name() +
                  " is not that of a sum of the task");
}

// Takes the elements of a sum; one that the checkpoint does not have stays as it is.
Status RestoreSum(const storage::CheckpointManifest& manifest, graph::SumTotal* sum) {
  const std::string name = kSumValues + sum->name;
  const auto found = manifest.values.find(name);
  if (found == manifest.values.end()) return OkStatus();
  constexpr size_t kDigits = 16;
  const std::string& text = found->second;
  if (text.size() != kDigits * (sum->f64.size() + sum->i64.size())) {
    return DoesNotFit(manifest, name);
  }
  size_t at = 0;
  const auto next = [&](uint64_t* bits) {
    at += kDigits;
    return ParseHex64(text.substr(at - kDigits, kDigits), bits);
  };
  uint64_t bits = 0;
  for (double& value : sum->f64) {
    if (!next(&bits)) return DoesNotFit(manifest, name);
    value = std::bit_cast<double>(bits);
  }
  for (int64_t& value : sum->i64) {
    if (!next(&bits)) return DoesNotFit(manifest, name);
    value = static_cast<int64_t>(bits);
  }
  const auto samples = manifest.values.find(kSumSamples + sum->name);
  if (samples == manifest.values.end() || !ParseHex64(samples->second, &bits)) {
    return DoesNotFit(manifest, kSumSamples + sum->name);
  }
  sum->samples = static_cast<int64_t>(bits);
  return OkStatus();
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
  for (const graph::SumTotal& sum : epoch.sums.sums) {
    values[kSumValues + sum.name] = BitsOf(sum);
    values[kSumSamples + sum.name] = Hex64(static_cast<uint64_t>(sum.samples));
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
  for (graph::SumTotal& sum : epoch->sums.sums) RETURN_IF_ERROR(RestoreSum(manifest, &sum));
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
