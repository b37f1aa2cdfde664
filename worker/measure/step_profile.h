// SPDX-License-Identifier: Apache-2.0
// StepProfile: what one training step consists of, by layer and by kind of op: arithmetic, bytes,
// the least time both can take on a machine, and the time measured, where it was.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "worker/model/compiled_model.h"

namespace lockstep::worker {

// What a machine, or the part of it that is used, can do at most; 0: not known.
struct Roofline {
  double gflops = 0.0;             // 10^9 floating-point operations a second
  double gbytes_per_second = 0.0;  // 10^9 bytes a second
};

// What a row of the profile holds, for a whole step with all its lanes.
struct ProfileRow {
  std::string name;
  int64_t nodes = 0;  // runs of a kernel
  int64_t flops = 0;  // of the ops as they are defined; a multiply-add counts two
  int64_t bytes = 0;  // read and written, each tensor once
  // Kernels run one after another: the sum over nodes of max(flops / gflops, bytes / bandwidth),
  // with the operations that a kernel takes where it does with fewer (ops::Candidate).
  double least_ms = 0.0;
  double measured_ms = 0.0;  // in kernels, all lanes added
  double update_ms = 0.0;    // the part of it in the update, which no other lane runs beside

  double gflops() const;  // measured, of one lane with its threads; 0: not measured
  // The row's part of the step's own time, where so many lanes run side by side.
  double share_of_step_ms(int32_t lanes_at_once) const;
};

struct StepProfile {
  std::vector<ProfileRow> layers;  // by scope path, in the order of their first node
  std::vector<ProfileRow> kinds;   // by op and kernel: "conv2d (reference)"
  ProfileRow total;
};

// Nanoseconds so far of every node of a step (Executor::node_nanoseconds), for a difference of two.
using ProfileReading = std::vector<int64_t>;
ProfileReading ReadProfile(const CompiledModel& model);

// A step of `lanes` lane batches of the most rows there is a plan for. `spent`: what ReadProfile
// gained over `steps` steps; empty: nothing was measured.
StepProfile ProfileStep(const CompiledModel& model, int32_t lanes, const Roofline& roofline,
                        const ProfileReading& spent = {}, int64_t steps = 0);

// The rows that took longest, at most `count`, the longest first.
std::vector<ProfileRow> Slowest(std::vector<ProfileRow> rows, size_t count);

}  // namespace lockstep::worker
