// SPDX-License-Identifier: Apache-2.0
// Kernels have three phases. Candidates says what could run, from types and a DeviceSpec alone,
// without a device. Make creates the primitive once. Run chooses nothing and allocates nothing.
//
// A kernel that reads an input in a layout of its own copies it in every run. Where many runs read
// the same values (weights, by all lanes of a step), Prepare makes the copy once for all of them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/device/device.h"
#include "base/options/attrs.h"
#include "base/shape.h"

namespace lockstep::ops {

struct Op;

// What a random op needs at run time beside its path: the run's seed, the global step, the lane.
struct StepHeader {
  uint64_t seed = 0;
  uint32_t step = 0;
  uint32_t lane = 0;
};

// A node as kernels see it.
struct NodeSpec {
  const Op* op = nullptr;
  Attrs attrs;
  std::vector<TensorType> in, out;
  std::string path;  // scope path in the model ("block1/conv"); keys random streams
};

// One way to run a node. `algorithm` names the choice within the kernel, with its knobs.
struct Candidate {
  std::string kernel;  // name of the KernelFamily
  std::string algorithm;
  int64_t workspace_bytes = 0;  // for a run that is given no prepared copy
  bool deterministic = true;
  bool known_slower = false;    // than another kernel, here: the others are taken first
  int64_t flops = 0;            // where it takes fewer than the op's cost says; 0: as many
  int32_t prepared_input = -1;  // >= 0: the input that Prepare copies
  int64_t prepared_bytes = 0;
  int64_t workspace_bytes_if_prepared = 0;
  // Bit k: this kernel can run with the op's may_alias[k] being one buffer. A library that
  // promises nothing says 0.
  uint32_t in_place = ~uint32_t{0};
};

inline bool RunsInPlace(const Candidate& candidate, size_t pair) {
  return pair < 32 && ((candidate.in_place >> pair) & 1) != 0;
}

// Pointers of one run, in the order of the node's inputs and outputs; all aligned to the device's
// buffer_alignment. They are the device's: the host may read them only where it is
// host_addressable. `step` is the host's and read before Run returns.
struct RunArgs {
  std::span<const void* const> in;
  std::span<void* const> out;
  void* workspace = nullptr;
  const StepHeader* step = nullptr;
  const void* prepared = nullptr;  // what Prepare made of the same input, or nothing
};

// A made kernel. It is thread-safe: lanes that run at once share it, each with its own pointers. A
// CPU kernel runs to completion on the calling thread; a device's enqueues on the stream.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual Status Run(const RunArgs& args, Stream* stream) const = 0;
  // Where the candidate has a prepared input: fills the copy that runs may be given. No bit of a
  // run depends on whether it is given.
  virtual Status Prepare(const void* input, void* prepared, Stream* stream) const;
};

// One implementation of an op for a kind of device.
class KernelFamily {
 public:
  virtual ~KernelFamily() = default;
  virtual std::string_view name() const = 0;
  // Whether a library does its work.
  virtual bool is_library() const { return false; }
  // At least one candidate, best first, or a Status with the reason why nothing can run.
  virtual Result<std::vector<Candidate>> Candidates(const NodeSpec& node,
                                                    const DeviceSpec& device) const = 0;
  virtual Result<std::unique_ptr<Kernel>> Make(const NodeSpec& node, const Candidate& candidate,
                                               Device* device) const = 0;
};

inline Status Kernel::Prepare(const void*, void*, Stream*) const {
  return Internal("this kernel prepares no input");
}

}  // namespace lockstep::ops
