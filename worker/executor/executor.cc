// SPDX-License-Identifier: Apache-2.0
#include "worker/executor/executor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "base/aligned_buffer.h"
#include "base/all_finite.h"
#include "base/check.h"
#include "base/clock.h"
#include "ops/core/make_kernel.h"
#include "worker/executor/poisoned_arena.h"

namespace lockstep::worker {
namespace {

using graph::Place;

constexpr size_t kMostOperands = 16;

char* Address(const Place& place, const RunBindings& bindings) {
  switch (place.kind) {
    case Place::Kind::kArg:
      return static_cast<char*>(const_cast<void*>(bindings.args[static_cast<size_t>(place.index)]));
    case Place::Kind::kResult:
      return static_cast<char*>(bindings.results[static_cast<size_t>(place.index)]);
    case Place::Kind::kArena:
      break;
  }
  return static_cast<char*>(bindings.arena) + place.offset;
}

}  // namespace

Result<std::unique_ptr<Executor>> Executor::Make(std::shared_ptr<const graph::Plan> plan,
                                                 Device* device, Options options) {
  std::unique_ptr<Executor> executor(new Executor(std::move(plan), *device, options));
  for (const graph::PlanNode& node : executor->plan_->nodes) {
    CHECK_LE(node.in.size(), kMostOperands);
    CHECK_LE(node.out.size(), kMostOperands);
    Result<std::unique_ptr<ops::Kernel>> kernel =
        ops::MakeKernel(*node.family, node.spec, node.candidate, device);
    if (!kernel.ok()) return kernel.status().WithContext("layer '" + node.spec.path + "'");
    executor->kernels_.push_back(*std::move(kernel));
  }
  return executor;
}

Status Executor::RunNode(size_t index, const RunBindings& bindings, Stream* stream) const {
  const graph::PlanNode& node = plan_->nodes[index];
  std::array<const void*, kMostOperands> in;
  std::array<void*, kMostOperands> out;
  for (size_t i = 0; i < node.in.size(); ++i) in[i] = Address(node.in[i], bindings);
  for (size_t i = 0; i < node.out.size(); ++i) out[i] = Address(node.out[i], bindings);
  ops::RunArgs args;
  args.in = {in.data(), node.in.size()};
  args.out = {out.data(), node.out.size()};
  args.workspace = static_cast<char*>(bindings.arena) + node.workspace_offset;
  args.step = &bindings.step;
  if (node.prepared >= 0) {
    const auto& made = plan_->prepared[static_cast<size_t>(node.prepared)];
    args.prepared = static_cast<const char*>(bindings.prepared) + made.offset;
  }
  return kernels_[index]->Run(args, stream);
}

Status Executor::Prepare(size_t index, std::span<const void* const> args, void* prepared,
                         Stream* stream) const {
  const graph::PreparedParameter& made = plan_->prepared[index];
  const auto node = static_cast<size_t>(made.node);
  const TimePoint began = Clock::Real().Now();
  char* const copy = static_cast<char*>(prepared) + made.offset;
  // All bits set is a NaN in every floating-point type.
  if (options_.poison) {
    MemoryAccess(host_addressable_, stream).Fill(copy, 0xff, static_cast<size_t>(made.bytes));
  }
  const Status status = kernels_[node]->Prepare(args[static_cast<size_t>(made.arg)], copy, stream);
  const std::chrono::nanoseconds taken = Clock::Real().Now() - began;
  if (!nanoseconds_.empty()) {
    nanoseconds_[node].fetch_add(taken.count(), std::memory_order_relaxed);
  }
  return status;
}

Status Executor::RunNodeMeasured(size_t index, const RunBindings& bindings, Stream* stream) const {
  const TimePoint began = Clock::Real().Now();
  const Status status = RunNode(index, bindings, stream);
  const std::chrono::nanoseconds taken = Clock::Real().Now() - began;
  nanoseconds_[index].fetch_add(taken.count(), std::memory_order_relaxed);
  return status;
}

std::vector<int64_t> Executor::node_nanoseconds() const {
  return {nanoseconds_.begin(), nanoseconds_.end()};
}

Status Executor::Run(const RunBindings& bindings, Stream* stream) const {
  return RunNodes(bindings, stream, /*checked=*/false);
}

Status Executor::RunChecked(const RunBindings& bindings, Stream* stream) const {
  return RunNodes(bindings, stream, /*checked=*/true);
}

Status Executor::RunNodes(const RunBindings& bindings, Stream* stream, bool checked) const {
  const MemoryAccess memory(host_addressable_, stream);
  std::optional<PoisonedArena> poisoned;
  if (options_.poison) poisoned.emplace(*plan_, bindings.arena, memory);
  for (size_t i = 0; i < plan_->nodes.size(); ++i) {
    if (poisoned) poisoned->BeforeNode(i);
    RETURN_IF_ERROR(nanoseconds_.empty() ? RunNode(i, bindings, stream)
                                         : RunNodeMeasured(i, bindings, stream));
    if (checked) RETURN_IF_ERROR(CheckFinite(plan_->nodes[i], bindings, memory));
    if (poisoned) RETURN_IF_ERROR(poisoned->AfterNode(i));
  }
  CopyResults(bindings, memory);
  return OkStatus();
}

Status Executor::CheckFinite(const graph::PlanNode& node, const RunBindings& bindings,
                             const MemoryAccess& memory) const {
  AlignedBuffer copy;
  for (size_t i = 0; i < node.out.size(); ++i) {
    const TensorType& type = node.spec.out[i];
    if (!IsFloat(type.dtype)) continue;
    const void* data = Address(node.out[i], bindings);
    if (!memory.at_once()) {
      const auto bytes = static_cast<size_t>(type.bytes());
      ASSIGN_OR_RETURN(copy, AlignedBuffer::Make(bytes));
      RETURN_IF_ERROR(memory.CopyAndWait(copy.data(), data, bytes));
      data = copy.data();
    }
    const int64_t n = type.shape.elements();
    const bool finite =
        type.dtype == DType::kFloat32   ? AllFinite(static_cast<const float*>(data), n)
        : type.dtype == DType::kFloat64 ? AllFinite(static_cast<const double*>(data), n)
                                        : true;
    if (finite) continue;
    return NonFinite("layer '" + node.spec.path + "': output " + std::to_string(i) + " of " +
                     node.spec.op->name + ", " + type.ToString() +
                     ", is the first to hold a NaN or an infinity");
  }
  return OkStatus();
}

void Executor::CopyResults(const RunBindings& bindings, const MemoryAccess& memory) const {
  for (size_t i = 0; i < plan_->results.size(); ++i) {
    const graph::PlanResult& result = plan_->results[i];
    const void* from = nullptr;
    if (result.copy_of_arg >= 0) {
      from = bindings.args[static_cast<size_t>(result.copy_of_arg)];
    } else if (result.copy_of_result >= 0) {
      from = bindings.results[static_cast<size_t>(result.copy_of_result)];
    }
    if (from == nullptr) continue;
    memory.Copy(bindings.results[i], from, static_cast<size_t>(result.type.bytes()));
  }
}

}  // namespace lockstep::worker
