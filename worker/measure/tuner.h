// SPDX-License-Identifier: Apache-2.0
// The tuner: times the kernels that may run each node of a recipe's plans, and says where another
// than the first is faster. It is the only place where a clock chooses a kernel; runs read what it
// wrote (storage/kernel_file) and choose nothing.
//
// A node is timed alone, on the T threads of one lane and over random data: how many lanes run at
// once is the machine's affair and no part of the bits, so no number of neighbours would be right.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/device/device.h"
#include "storage/kernel_file/kernel_file.h"
#include "worker/model/compiled_model.h"

namespace lockstep::worker {

inline constexpr size_t kMostTuned = 8;  // kernels of a node that are tried
// Another kernel than the first must be faster by this share, so that noise does not choose.
inline constexpr double kTuneMargin = 0.05;

struct TuneOptions {
  double seconds = 60.0;  // no node is begun after that
  const Clock* clock = &Clock::Real();
  // Called before each node that has something to choose, dearest first; may be null.
  std::function<void(int64_t done, int64_t total, const ops::NodeSpec& node)> progress;
  const std::atomic<bool>* stop = nullptr;  // set: the tuning ends as cancelled; may be null
};

struct TunedChoice {
  storage::KernelFileChoice choice;
  std::string first;  // the kernel that it replaces, "onednn jit:avx2"
};

struct TuneReport {
  std::vector<TunedChoice> choices;  // by node; where another than the first is faster
  std::vector<std::string> dropped;  // "NODE: KERNEL ALGORITHM": its bits differ from run to run
  int64_t nodes = 0;                 // distinct ones
  int64_t with_choice = 0;           // of those: with more than one kernel
  int64_t decided = 0;               // of those: before the time was over; others keep the first
};

// The distinct nodes of all plans of a model, those of evaluation and update too: dearest first,
// where the cost of a node counts as often as the plans have it. The kernels of a node that are
// tried are the first kMostTuned; the reference kernel, the meaning of an op, is none of them
// unless it is the only one. A node with one kernel is not tried. Fails where a kernel fails, and
// where each that is tried gives other bits from run to run.
Result<TuneReport> Tune(const CompiledModel& model, Device* device, const TuneOptions& options);

// Tunes the nodes of a list, several of which may be equal.
Result<TuneReport> TuneNodes(const std::vector<ops::NodeSpec>& nodes, Device* device,
                             const TuneOptions& options);

// The kernel file of the choices, for this build, hardware kind, instruction set and threads.
Result<storage::KernelFile> MakeKernelFile(const DeviceSpec& spec, const TuneReport& report);

}  // namespace lockstep::worker
