// SPDX-License-Identifier: Apache-2.0
#include "worker/trainer/trainer_state.h"

#include "base/bytes.h"

namespace lockstep::worker {

std::string TrainerState::ToBytes() const {
  ByteWriter writer;
  writer.U32(static_cast<uint32_t>(epoch));
  writer.I64(step_in_epoch);
  writer.I64(global_step);
  writer.I64(applied_updates);
  writer.I64(skipped_steps);
  writer.I64(best_correct);
  writer.U32(static_cast<uint32_t>(best_epoch));
  return std::move(writer).Take();
}

}  // namespace lockstep::worker
