// SPDX-License-Identifier: Apache-2.0
#include "worker/report/summary_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/hash.h"

namespace lockstep::worker {
namespace {

// JSON has no NaN: a number that is none is null.
nlohmann::ordered_json NumberOrNull(double value) {
  if (!std::isfinite(value)) return nullptr;
  return value;
}

}  // namespace

std::string SummaryJson(const TrainSummary& s) {
  nlohmann::ordered_json json = {
      {"status", s.status},
      {"epoch", s.epoch},
      {"step", s.step},
      {"digest", Hex64(s.digest)},
      {"train_loss", NumberOrNull(s.train_loss)},
      {"val_loss", NumberOrNull(s.val_loss)},
      {"acc1", NumberOrNull(s.acc1)},
      {"images_per_second", NumberOrNull(s.images_per_second)},
      {"seconds", NumberOrNull(s.seconds)},
      {"world_size", s.world_size},
      {"lanes", s.lanes},
      {"lane_batch", s.lane_batch},
      {"peak_memory_bytes", s.peak_memory_bytes},
      {"samples_consumed", s.samples_consumed},
      {"exactly_once", s.exactly_once},
      {"skipped_steps", s.skipped_steps},
      {"step_ms", NumberOrNull(s.step_ms)},
      {"exchange_ms", NumberOrNull(s.exchange_ms)},
      {"exchange_share", NumberOrNull(s.exchange_share)},
      {"branch", s.branch},
      {"generation", s.generation},
      {"resumed_from_step", s.resumed_from_step},
      {"sync", s.sync},
  };
  if (!s.error.empty()) json["error"] = s.error;
  return json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

Result<uint64_t> FinishedDigestOf(std::string_view summary_json) {
  const auto json = nlohmann::json::parse(summary_json, nullptr, /*allow_exceptions=*/false);
  uint64_t digest = 0;
  if (json.is_object() && json.value("status", nlohmann::json()) == "finished" &&
      json.contains("digest") && json["digest"].is_string() &&
      ParseHex64(json["digest"].get<std::string>(), &digest)) {
    return digest;
  }
  return FailedPrecondition("the summary is not that of a finished run");
}

}  // namespace lockstep::worker
