// SPDX-License-Identifier: Apache-2.0
#include "graph/plan/kernel_choice.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "base/hash.h"
#include "ops/core/reference_kernel.h"

namespace lockstep::graph {
namespace {

// Offers what may run the node to `take`, in order, until that says true: what is known to be
// slower after all else. Of each kernel that offers nothing the reason is added to `reasons`, a
// line each. A failure: a kernel could not say what it offers for lack of memory; to go on without
// it would give other bits.
Status Offer(const ops::NodeSpec& node, const DeviceSpec& device,
             const std::function<bool(KernelOption)>& take, std::string* reasons) {
  std::vector<KernelOption> slower;
  for (const auto& family : node.op->kernels) {
    if (device.reference_kernels_only && family->name() != ops::kReferenceKernel) continue;
    const std::string name = "\n  " + std::string(family->name()) + ": ";
    const auto candidates = family->Candidates(node, device);
    if (candidates.status().code() == StatusCode::kResourceExhausted) return candidates.status();
    if (!candidates.ok()) {
      *reasons += name + candidates.status().message();
      continue;
    }
    bool usable = false;
    for (const ops::Candidate& c : *candidates) {
      if (!c.deterministic || c.workspace_bytes > device.workspace_cap) continue;
      usable = true;
      if (c.known_slower) {
        slower.push_back({family, c});
      } else if (take({family, c})) {
        return OkStatus();
      }
    }
    if (usable) continue;
    *reasons += name + "no deterministic candidate within the workspace cap of " +
                std::to_string(device.workspace_cap >> 20) + " MiB";
  }
  for (KernelOption& option : slower) {
    if (take(std::move(option))) break;
  }
  return OkStatus();
}

bool HasNames(const KernelOption& option, const std::string& kernel, const std::string& algorithm) {
  return option.candidate.kernel == kernel && option.candidate.algorithm == algorithm;
}

std::string NamesText(const std::string& kernel, const std::string& algorithm) {
  return "'" + kernel + "' with '" + algorithm + "'";
}

}  // namespace

std::string NodeText(const ops::NodeSpec& node) {
  std::string text = node.op->name + node.attrs.ToText();
  for (const TensorType& t : node.in) text += " " + t.ToString();
  text += " ->";
  for (const TensorType& t : node.out) text += " " + t.ToString();
  return text;
}

uint64_t NodeKey(const ops::NodeSpec& node) { return Hash64(NodeText(node)); }

Result<std::vector<KernelOption>> KernelOptions(const ops::NodeSpec& node,
                                                const DeviceSpec& device) {
  std::vector<KernelOption> options;
  std::string reasons;
  const auto take_new = [&](KernelOption offered) {
    const ops::Candidate& c = offered.candidate;
    const bool known = std::any_of(options.begin(), options.end(), [&](const KernelOption& o) {
      return HasNames(o, c.kernel, c.algorithm);
    });
    if (!known) options.push_back(std::move(offered));
    return false;
  };
  RETURN_IF_ERROR(Offer(node, device, take_new, &reasons));
  return options;
}

Result<KernelOption> ChooseKernel(const ops::NodeSpec& node, const DeviceSpec& device,
                                  const KernelChoices& choices) {
  const auto found = choices.by_node.find(NodeKey(node));
  const KernelChoices::Choice* recorded = found == choices.by_node.end() ? nullptr : &found->second;
  if (recorded == nullptr && choices.library_first) {
    ASSIGN_OR_RETURN(std::vector<KernelOption> options, KernelOptions(node, device));
    for (KernelOption& option : options) {
      if (option.family->is_library()) return std::move(option);
    }
  }
  std::optional<KernelOption> chosen;
  std::string others, reasons;
  const auto take = [&](KernelOption offered) {
    if (recorded == nullptr || HasNames(offered, recorded->kernel, recorded->algorithm)) {
      chosen = std::move(offered);
      return true;
    }
    others += "\n  " + NamesText(offered.candidate.kernel, offered.candidate.algorithm);
    return false;
  };
  RETURN_IF_ERROR(Offer(node, device, take, &reasons));
  if (chosen) return *std::move(chosen);
  const std::string layer = "layer '" + node.path + "': ";
  if (recorded == nullptr) {
    return FailedPrecondition(layer + "no kernel for " + node.op->name + " on " + device.name +
                              reasons);
  }
  return FailedPrecondition(layer + choices.source + " chooses kernel " +
                            NamesText(recorded->kernel, recorded->algorithm) + " for " +
                            NodeText(node) + ", which cannot be had on " + device.name +
                            "; expected one of" + others + reasons +
                            "\nchoose anew with `lockstep tune`");
}

}  // namespace lockstep::graph
