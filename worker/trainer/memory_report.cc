// SPDX-License-Identifier: Apache-2.0
#include "worker/trainer/memory_report.h"

#include <cstdio>

namespace lockstep::worker {

std::string BytesText(int64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024.0 && unit + 1 < std::size(kUnits)) {
    value /= 1024.0;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

Status CheckFits(const MemoryReport& report, int64_t machine_bytes) {
  if (machine_bytes <= 0 || report.peak() <= machine_bytes) return OkStatus();
  return ResourceExhausted(
      "the plan needs " + BytesText(report.peak()) + " (activations " + BytesText(report.arenas) +
      ", parameters and optimizer " + BytesText(report.parameters) + ", gradients " +
      BytesText(report.gradients) + ") and this machine has " + BytesText(machine_bytes) +
      "; lower batch.lane_batch, run fewer lanes at once (run.lanes_at_once) or fewer ranks");
}

}  // namespace lockstep::worker
