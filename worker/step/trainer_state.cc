// SPDX-License-Identifier: Apache-2.0
#include "worker/step/trainer_state.h"

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

Result<TrainerState> TrainerState::FromBytes(std::string_view bytes) {
  ByteReader reader(bytes, "trainer state");
  TrainerState state;
  ASSIGN_OR_RETURN(const uint32_t epoch, reader.U32());
  state.epoch = static_cast<int32_t>(epoch);
  ASSIGN_OR_RETURN(state.step_in_epoch, reader.I64());
  ASSIGN_OR_RETURN(state.global_step, reader.I64());
  ASSIGN_OR_RETURN(state.applied_updates, reader.I64());
  ASSIGN_OR_RETURN(state.skipped_steps, reader.I64());
  ASSIGN_OR_RETURN(state.best_correct, reader.I64());
  ASSIGN_OR_RETURN(const uint32_t best_epoch, reader.U32());
  state.best_epoch = static_cast<int32_t>(best_epoch);
  RETURN_IF_ERROR(reader.ExpectEnd());
  return state;
}

}  // namespace lockstep::worker
