// SPDX-License-Identifier: Apache-2.0
#include "worker/step/trainer_state.h"

#include <limits>

#include "base/bytes.h"

namespace lockstep::worker {

double TrainerState::Entry(const std::string& name) const {
  const auto found = entries.find(name);
  return found == entries.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
}

std::string TrainerState::ToBytes() const {
  ByteWriter writer;
  writer.U32(static_cast<uint32_t>(epoch));
  writer.I64(step_in_epoch);
  writer.I64(global_step);
  writer.I64(applied_updates);
  writer.I64(skipped_steps);
  writer.U32(static_cast<uint32_t>(entries.size()));
  for (const auto& [name, value] : entries) {
    writer.String(name);
    writer.F64(value);
  }
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
  ASSIGN_OR_RETURN(const uint32_t entries, reader.U32());
  std::string last;
  for (uint32_t i = 0; i < entries; ++i) {
    ASSIGN_OR_RETURN(const std::string_view name, reader.String());
    ASSIGN_OR_RETURN(const double value, reader.F64());
    if (i > 0 && name <= last) {
      return DataLoss("trainer state: its entry '" + std::string(name) + "' stands behind '" +
                      last + "'; expected each name once, in bytewise order");
    }
    last = name;
    state.entries.emplace(last, value);
  }
  RETURN_IF_ERROR(reader.ExpectEnd());
  return state;
}

}  // namespace lockstep::worker
