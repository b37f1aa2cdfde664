// SPDX-License-Identifier: Apache-2.0
// PoisonedArena: the debugging of one run's memory. The arena is filled with NaN at first, every
// buffer again when its last reader has run, and what is free behind each living buffer, its
// padding and the plan's guard_bytes, holds a pattern that nobody may change.
#pragma once

#include <vector>

#include "base/device/memory_access.h"
#include "graph/plan/plan.h"

namespace lockstep::worker {

class PoisonedArena {
 public:
  // Fills the arena, which `memory` reaches. All outlive the object.
  PoisonedArena(const graph::Plan& plan, void* arena, const MemoryAccess& memory);

  // Called before each node, in order: gives the guards of buffers that begin to live their
  // pattern.
  void BeforeNode(size_t node);
  // Called after each node: fills the buffers that died. Fails with internal where a guard was
  // written to, naming the node and the buffer. It waits for the node.
  Status AfterNode(size_t node);

 private:
  char* GuardOf(const graph::PlanBuffer& buffer) const {
    return arena_ + buffer.offset + buffer.bytes;
  }
  // Whether the guard is as it was made.
  Result<bool> Whole(const graph::PlanBuffer& buffer) const;
  // Up to the next buffer.
  size_t GuardBytes(const graph::PlanBuffer& buffer) const;

  const graph::Plan& plan_;
  char* const arena_;
  const MemoryAccess& memory_;
  std::vector<const graph::PlanBuffer*> unborn_;  // the next one to live is the last
  std::vector<const graph::PlanBuffer*> alive_;
};

}  // namespace lockstep::worker
