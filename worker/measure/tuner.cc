// SPDX-License-Identifier: Apache-2.0
// The plan. Collect the distinct nodes of all plans and sort them by what they cost in all, so that
// the dear ones are decided when the time runs out. For each (`NodeTuner`): make its first kernels
// over the same random operands; drop those whose outputs differ between two runs over memory that
// held other bytes; then time the rest in turns, so that a busy moment of the machine meets all
// alike, and compare their shortest times. A kernel that took twice the best is not run again.
#include "worker/measure/tuner.h"

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <optional>

#include "base/device/memory_access.h"
#include "base/floating_point_state.h"
#include "base/hash.h"
#include "base/watch.h"
#include "ops/core/make_kernel.h"
#include "ops/core/reference_kernel.h"
#include "worker/device/build_id.h"
#include "worker/measure/made_up_values.h"
#include "worker/model/mirrored_buffer.h"

namespace lockstep::worker {
namespace {

using graph::KernelOption;
using ops::NodeSpec;

constexpr int kLeastRounds = 5, kMostRounds = 25;
constexpr auto kEnough = std::chrono::milliseconds(100);  // for a node, once kLeastRounds are run
// A kernel that needed so much more than the fastest is not run again.
constexpr double kHopeless = 2.0;
// One byte counts as so many operations where nodes are sorted by what they cost.
constexpr int64_t kFlopsOfAByte = 4;

std::string NameOf(const KernelOption& option) {
  return option.candidate.kernel + " " + option.candidate.algorithm;
}

// Operands of a node, shared by its kernels.
class Operands {
 public:
  static Result<Operands> Make(const NodeSpec& node, int64_t workspace_bytes, Device* device) {
    Operands o;
    ASSIGN_OR_RETURN(
        o.workspace_,
        device->Allocate(MemoryKind::kDevice, static_cast<size_t>(workspace_bytes), kPurpose));
    for (const TensorType& type : node.in) {
      ASSIGN_OR_RETURN(MirroredBuffer buffer,
                       MirroredBuffer::MakeZeroed(device, type.bytes(), kPurpose));
      FillMadeUp(type, o.in_.size(), buffer.host());
      o.in_pointers_.push_back(buffer.device());
      o.in_.push_back(std::move(buffer));
    }
    for (const TensorType& type : node.out) {
      ASSIGN_OR_RETURN(MirroredBuffer buffer,
                       MirroredBuffer::MakeZeroed(device, type.bytes(), kPurpose));
      o.out_pointers_.push_back(buffer.device());
      o.out_.push_back(std::move(buffer));
    }
    if (!device->host_addressable()) {
      ASSIGN_OR_RETURN(o.stream_, device->MakeStream("tuner", 0));
    }
    o.memory_.emplace(*device, o.stream_.get());
    for (MirroredBuffer& buffer : o.in_) buffer.ToDevice(*o.memory_, buffer.size());
    RETURN_IF_ERROR(o.memory_->Wait());
    return o;
  }

  // Runs the kernel and waits.
  Status Run(const ops::Kernel& kernel) {
    ops::RunArgs args;
    args.in = in_pointers_;
    args.out = out_pointers_;
    args.workspace = workspace_.data();
    args.step = &step_;
    RETURN_IF_ERROR(kernel.Run(args, stream_.get()));
    return memory_->Wait();
  }

  // Runs over memory that holds `byte`, and returns the hash of each output.
  Result<std::vector<Hash128Value>> HashesOfRun(const ops::Kernel& kernel, uint8_t byte) {
    for (MirroredBuffer& buffer : out_) SetAll(byte, buffer.device(), buffer.size());
    SetAll(byte, workspace_.data(), workspace_.size());
    RETURN_IF_ERROR(Run(kernel));
    for (MirroredBuffer& buffer : out_) buffer.ToHost(*memory_, buffer.size());
    RETURN_IF_ERROR(memory_->Wait());
    std::vector<Hash128Value> hashes;
    for (const MirroredBuffer& buffer : out_) {
      hashes.push_back(Hash128(buffer.host(), buffer.size()));
    }
    return hashes;
  }

 private:
  static constexpr std::string_view kPurpose = "operands of tuning";

  void SetAll(uint8_t byte, void* buffer, size_t bytes) { memory_->Fill(buffer, byte, bytes); }

  std::vector<MirroredBuffer> in_, out_;
  std::vector<const void*> in_pointers_;
  std::vector<void*> out_pointers_;
  DeviceBuffer workspace_;
  ops::StepHeader step_{.seed = 1, .step = 1, .lane = 0};
  std::unique_ptr<Stream> stream_;  // its work uses the memory above; null: none is needed
  std::optional<MemoryAccess> memory_;
};

struct Contender {
  KernelOption option;
  std::unique_ptr<ops::Kernel> kernel;
  bool first = false;  // of the node's options: what runs it where nothing is recorded
  double best = std::numeric_limits<double>::infinity();  // milliseconds
};

Result<std::vector<KernelOption>> OptionsToTime(const NodeSpec& node, const DeviceSpec& device) {
  ASSIGN_OR_RETURN(std::vector<KernelOption> options, graph::KernelOptions(node, device));
  const bool last_is_reference =
      !options.empty() && options.back().candidate.kernel == ops::kReferenceKernel;
  if (options.size() > 1 && last_is_reference) options.pop_back();
  if (options.size() > kMostTuned) options.resize(kMostTuned);
  return options;
}

class NodeTuner {
 public:
  NodeTuner(const NodeSpec& node, Device* device, const TuneOptions& options, TimePoint end)
      : node_(node), device_(device), clock_(options.clock), stop_(options.stop), end_(end) {}

  // Adds to the report what came out.
  Status Run(std::vector<KernelOption> options, TuneReport* report) {
    const std::string first = NameOf(options.front());
    RETURN_IF_ERROR(MakeContenders(std::move(options), report));
    if (contenders_.size() == 1 && contenders_.front().first) {  // beats nobody, by any time
      ++report->decided;
      return OkStatus();
    }
    ASSIGN_OR_RETURN(const bool whole, TimeAll());
    if (!whole && contenders_.front().first) return OkStatus();  // keeps the first
    ++report->decided;
    const Contender& chosen = Fastest();
    if (chosen.first) return OkStatus();
    storage::KernelFileChoice choice;
    choice.node = graph::NodeText(node_);
    choice.kernel = chosen.option.candidate.kernel;
    choice.algorithm = chosen.option.candidate.algorithm;
    choice.milliseconds = chosen.best;
    if (contenders_.front().first) choice.first_milliseconds = contenders_.front().best;
    report->choices.push_back({std::move(choice), first});
    return OkStatus();
  }

 private:
  // The contenders are the kernels that give the same bits twice, though memory held other bytes.
  Status MakeContenders(std::vector<KernelOption> options, TuneReport* report) {
    int64_t workspace = 0;
    for (const KernelOption& o : options) {
      workspace = std::max(workspace, o.candidate.workspace_bytes);
    }
    ASSIGN_OR_RETURN(operands_, Operands::Make(node_, workspace, device_));
    for (size_t i = 0; i < options.size(); ++i) {
      RETURN_IF_ERROR(CheckStop(stop_));
      Contender c;
      c.option = std::move(options[i]);
      c.first = i == 0;
      ASSIGN_OR_RETURN(c.kernel,
                       ops::MakeKernel(*c.option.family, node_, c.option.candidate, device_));
      ASSIGN_OR_RETURN(const auto once, operands_.HashesOfRun(*c.kernel, 0xff));
      ASSIGN_OR_RETURN(const auto again, operands_.HashesOfRun(*c.kernel, 0));
      if (once == again) {
        contenders_.push_back(std::move(c));
      } else {
        report->dropped.push_back(graph::NodeText(node_) + ": " + NameOf(c.option));
      }
    }
    if (!contenders_.empty()) return OkStatus();
    return Internal("none of the " + std::to_string(options.size()) + " kernels tried for " +
                    graph::NodeText(node_) +
                    " gives the same bits twice; expected one that does: a run that takes its "
                    "first kernel cannot be repeated. Train with train.kernels = \"reference\", "
                    "and report it");
  }

  // Times them in turns, so that what else the machine does meets all alike. False: there was not
  // enough time.
  Result<bool> TimeAll() {
    const TimePoint began = clock_->Now();
    for (int round = 0; round < kMostRounds; ++round) {
      const TimePoint now = clock_->Now();
      if (round >= kLeastRounds && now - began >= kEnough) break;
      // Where the first kernel cannot be kept, another one is found however long it takes.
      const bool may_end = round >= kLeastRounds || contenders_.front().first;
      if (now >= end_ && may_end) return round >= kLeastRounds;
      const double limit = kHopeless * Fastest().best;
      for (Contender& c : contenders_) {
        if (round > 0 && c.best > limit && !c.first) continue;
        RETURN_IF_ERROR(CheckStop(stop_));
        const TimePoint start = clock_->Now();
        RETURN_IF_ERROR(operands_.Run(*c.kernel));
        const std::chrono::duration<double, std::milli> taken = clock_->Now() - start;
        c.best = std::min(c.best, taken.count());
      }
    }
    return true;
  }

  // The first, unless another is faster by the margin.
  const Contender& Fastest() const {
    const Contender& leading = contenders_.front();
    const Contender& fastest =
        *std::min_element(contenders_.begin(), contenders_.end(),
                          [](const Contender& a, const Contender& b) { return a.best < b.best; });
    return leading.first && fastest.best > (1.0 - kTuneMargin) * leading.best ? leading : fastest;
  }

  const NodeSpec& node_;
  Device* const device_;
  const Clock* const clock_;
  const std::atomic<bool>* const stop_;
  const TimePoint end_;
  Operands operands_;
  std::vector<Contender> contenders_;
};

// A distinct node, and what it costs wherever it stands.
struct Distinct {
  NodeSpec node;
  std::vector<KernelOption> options;
  int64_t cost = 0;
};

// The nodes with something to choose, dearest first; equal ones by text, so that runs agree.
Result<std::vector<Distinct>> NodesWithChoice(const std::vector<NodeSpec>& nodes,
                                              const DeviceSpec& device, TuneReport* report) {
  std::map<std::string, Distinct> by_text;
  for (const NodeSpec& node : nodes) {
    Distinct& distinct =
        by_text.try_emplace(graph::NodeText(node), Distinct{node, {}, 0}).first->second;
    const ops::Cost cost = node.op->cost(node);
    distinct.cost += cost.flops + kFlopsOfAByte * cost.bytes;
  }
  report->nodes = static_cast<int64_t>(by_text.size());
  std::vector<Distinct> with_choice;
  for (auto& [text, distinct] : by_text) {
    ASSIGN_OR_RETURN(distinct.options, OptionsToTime(distinct.node, device));
    if (distinct.options.size() > 1) with_choice.push_back(std::move(distinct));
  }
  std::stable_sort(with_choice.begin(), with_choice.end(),
                   [](const Distinct& a, const Distinct& b) { return a.cost > b.cost; });
  report->with_choice = static_cast<int64_t>(with_choice.size());
  return with_choice;
}

}  // namespace

Result<TuneReport> TuneNodes(const std::vector<NodeSpec>& nodes, Device* device,
                             const TuneOptions& options) {
  const ScopedFloatingPointState standard;
  const TimePoint end = options.clock->Now() + std::chrono::duration_cast<Duration>(
                                                   std::chrono::duration<double>(options.seconds));
  TuneReport report;
  ASSIGN_OR_RETURN(std::vector<Distinct> with_choice,
                   NodesWithChoice(nodes, device->spec(), &report));
  for (size_t i = 0; i < with_choice.size() && options.clock->Now() < end; ++i) {
    if (options.progress) {
      options.progress(static_cast<int64_t>(i), report.with_choice, with_choice[i].node);
    }
    NodeTuner tuner(with_choice[i].node, device, options, end);
    RETURN_IF_ERROR(tuner.Run(std::move(with_choice[i].options), &report));
  }
  std::sort(
      report.choices.begin(), report.choices.end(),
      [](const TunedChoice& a, const TunedChoice& b) { return a.choice.node < b.choice.node; });
  return report;
}

Result<TuneReport> Tune(const CompiledModel& model, Device* device, const TuneOptions& options) {
  std::vector<NodeSpec> nodes;
  const auto add = [&](const Executor& executor) {
    for (const graph::PlanNode& node : executor.plan().nodes) nodes.push_back(node.spec);
  };
  for (size_t stage = 0; stage < model.program().stages(); ++stage) {
    for (size_t phase = 0; phase < model.phases(); ++phase) {
      for (const auto& [rows, executor] : model.lane_executors(phase, stage)) add(*executor);
    }
  }
  for (const auto& [rows, executor] : model.eval_executors()) add(*executor);
  for (const auto* executors : {&model.measure_executors(), &model.update_executors()}) {
    for (const auto& [key, executor] : *executors) add(*executor);
  }
  for (const auto& executor : model.update_running_executors()) add(*executor);
  return TuneNodes(nodes, device, options);
}

Result<storage::KernelFile> MakeKernelFile(const DeviceSpec& spec, const TuneReport& report) {
  storage::KernelFile file;
  ASSIGN_OR_RETURN(file.build, BuildId());
  ASSIGN_OR_RETURN(file.hardware, HardwareKind(spec));
  file.isa = spec.isa;
  file.threads = spec.threads;
  for (const TunedChoice& tuned : report.choices) file.choices.push_back(tuned.choice);
  return file;
}

}  // namespace lockstep::worker
