// SPDX-License-Identifier: Apache-2.0
#include "worker/executor/poisoned_arena.h"

#include <algorithm>

#include "graph/plan/memory.h"

namespace lockstep::worker {
namespace {

using graph::PlanBuffer;

constexpr unsigned char kCanary = 0xa5;

// All bits set is a NaN in every floating-point type.
constexpr unsigned char kPoison = 0xff;

std::string NameOf(const graph::Plan& plan, const PlanBuffer& buffer) {
  const std::string& path = plan.nodes[static_cast<size_t>(buffer.first_node)].spec.path;
  const std::string what =
      buffer.output < 0 ? "the workspace" : "output " + std::to_string(buffer.output);
  return what + " of '" + path + "'";
}

}  // namespace

PoisonedArena::PoisonedArena(const graph::Plan& plan, void* arena, const MemoryAccess& memory)
    : plan_(plan), arena_(static_cast<char*>(arena)), memory_(memory) {
  memory_.Fill(arena_, kPoison, static_cast<size_t>(plan.arena_bytes));
  for (const PlanBuffer& buffer : plan.buffers) unborn_.push_back(&buffer);
  std::stable_sort(unborn_.begin(), unborn_.end(), [](const PlanBuffer* a, const PlanBuffer* b) {
    return a->first_node > b->first_node;
  });
}

size_t PoisonedArena::GuardBytes(const PlanBuffer& buffer) const {
  return static_cast<size_t>(graph::Aligned(buffer.bytes + plan_.guard_bytes, plan_.alignment) -
                             buffer.bytes);
}

void PoisonedArena::BeforeNode(size_t node) {
  while (!unborn_.empty() && unborn_.back()->first_node == static_cast<int32_t>(node)) {
    const PlanBuffer& buffer = *unborn_.back();
    memory_.Fill(GuardOf(buffer), kCanary, GuardBytes(buffer));
    alive_.push_back(&buffer);
    unborn_.pop_back();
  }
}

Result<bool> PoisonedArena::Whole(const PlanBuffer& buffer) const {
  const char* guard = GuardOf(buffer);
  const size_t bytes = GuardBytes(buffer);
  std::vector<char> copy;
  if (!memory_.at_once()) {
    copy.resize(bytes);
    RETURN_IF_ERROR(memory_.CopyAndWait(copy.data(), guard, bytes));
    guard = copy.data();
  }
  return std::all_of(guard, guard + bytes,
                     [](char c) { return static_cast<unsigned char>(c) == kCanary; });
}

Status PoisonedArena::AfterNode(size_t node) {
  for (const PlanBuffer* buffer : alive_) {
    ASSIGN_OR_RETURN(const bool whole, Whole(*buffer));
    if (whole) continue;
    const ops::NodeSpec& spec = plan_.nodes[node].spec;
    return Internal("plan " + plan_.name + ", layer '" + spec.path + "', " + spec.op->name +
                    ": wrote beside its buffers, into the guard behind " + NameOf(plan_, *buffer));
  }
  std::erase_if(alive_, [&](const PlanBuffer* buffer) {
    if (buffer->last_node != static_cast<int32_t>(node)) return false;
    memory_.Fill(arena_ + buffer->offset, kPoison, static_cast<size_t>(buffer->bytes));
    return true;
  });
  return OkStatus();
}

}  // namespace lockstep::worker
