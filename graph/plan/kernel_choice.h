// SPDX-License-Identifier: Apache-2.0
// Which kernel runs a node: the first that its op offers for the device, or the one that was
// recorded for it (`lockstep tune`). Pure functions, without device or clock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/device/device_spec.h"
#include "ops/core/op.h"

namespace lockstep::graph {

// What a node is to its kernels, its path apart: "conv2d{...} f32[4,8,8,3] f32[6,5,5,3] ->
// f32[4,4,4,6]". Nodes of one text run the same kernel.
std::string NodeText(const ops::NodeSpec& node);
uint64_t NodeKey(const ops::NodeSpec& node);  // XXH3-64 of the text

// Recorded choices by NodeKey. A node without one takes its first option.
struct KernelChoices {
  struct Choice {
    std::string kernel, algorithm;
  };
  std::map<uint64_t, Choice> by_node;
  std::string source;          // where they come from, for messages: "kernel file 'k.json'"
  bool library_first = false;  // a node without a choice takes a library's kernel where it has one
};

struct KernelOption {
  std::shared_ptr<const ops::KernelFamily> family;
  ops::Candidate candidate;
};

// The deterministic candidates of the op's kernels within the device's workspace cap, in the order
// in which a plan takes them: the first, unless another was recorded. Those known to be slower come
// last. Of several with the same names the first is meant. Fails with resource-exhausted where a
// kernel could not say what it offers.
Result<std::vector<KernelOption>> KernelOptions(const ops::NodeSpec& node,
                                                const DeviceSpec& device);

// Fails with failed-precondition, naming the layer and each kernel's reason, where there is no
// option or the recorded one is none of them; another one never takes its place.
Result<KernelOption> ChooseKernel(const ops::NodeSpec& node, const DeviceSpec& device,
                                  const KernelChoices& choices);

}  // namespace lockstep::graph
