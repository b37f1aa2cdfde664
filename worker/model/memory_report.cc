// SPDX-License-Identifier: Apache-2.0
#include "worker/model/memory_report.h"

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

std::string PartsText(const MemoryReport& report) {
  std::string text = "activations " + BytesText(report.arenas) + ", parameters and optimizer " +
                     BytesText(report.parameters);
  if (report.prepared > 0) text += ", prepared weights " + BytesText(report.prepared);
  if (report.samples > 0) text += ", samples " + BytesText(report.samples);
  return text + ", gradients " + BytesText(report.gradients);
}

namespace {

// "; the largest activations are f32[32,112,112,64] (conv2d of 'conv1') 98.0 MiB, ...".
std::string LargestText(const MemoryReport& report) {
  std::string text;
  for (const graph::PeakTensor& t : report.largest) {
    text += text.empty() ? "; the largest activations are " : ", ";
    text += t.what + " (" + t.op + " of '" + t.path + "') " + BytesText(t.bytes);
  }
  return text;
}

// What to recompute, where activations of training are what is too large.
std::string RecomputeText(const MemoryReport& report, int64_t machine_bytes) {
  if (!report.arena_is_a_lanes) return "";
  const int64_t arenas = int64_t{report.ranks} * report.lanes_at_once;
  const int64_t others = report.peak() - report.arenas;
  const int64_t budget = (machine_bytes - others) / arenas >> 20;
  std::string text;
  if (!report.recompute) text = "\"blocks\", where the model has blocks,";
  if (budget >= 1) text += (text.empty() ? "" : " or ") + std::to_string(budget);
  if (text.empty()) return "";
  return "recompute activations (train.recompute = " + text + "), ";
}

}  // namespace

Status CheckFits(const MemoryReport& report, int64_t machine_bytes) {
  if (machine_bytes <= 0 || report.peak() <= machine_bytes) return OkStatus();
  return ResourceExhausted(
      "the plan needs " + BytesText(report.peak()) + " (" + PartsText(report) +
      ") and this machine, or its control group, has " + BytesText(machine_bytes) +
      LargestText(report) + "; " + RecomputeText(report, machine_bytes) +
      "lower batch.lane_batch, run fewer lanes at once (run.lanes_at_once) or fewer ranks");
}

}  // namespace lockstep::worker
