// SPDX-License-Identifier: Apache-2.0
#include "worker/step/trainer_state.h"

#include <gtest/gtest.h>

namespace lockstep::worker {
namespace {

std::string Hex(const std::string& bytes) {
  std::string text;
  for (unsigned char c : bytes) {
    text += "0123456789abcdef"[c >> 4];
    text += "0123456789abcdef"[c & 15];
  }
  return text;
}

TEST(TrainerState, BytesAreEveryFieldLittleEndianInOrder) {
  TrainerState state;
  state.epoch = 3;
  state.step_in_epoch = 4;
  state.global_step = 0x0102030405060708;
  state.applied_updates = 6;
  state.skipped_steps = 7;
  state.best_correct = 8;
  state.best_epoch = 9;
  EXPECT_EQ(Hex(state.ToBytes()),
            "03000000"
            "0400000000000000"
            "0807060504030201"
            "0600000000000000"
            "0700000000000000"
            "0800000000000000"
            "09000000");
}

TEST(TrainerState, IsReadBackFromItsBytesAndFromNoOthers) {
  TrainerState state;
  state.epoch = 3;
  state.step_in_epoch = 4;
  state.global_step = 5;
  state.best_epoch = -1;
  const std::string bytes = state.ToBytes();
  const auto back = TrainerState::FromBytes(bytes);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, state);
  EXPECT_FALSE(TrainerState::FromBytes(bytes + "x").ok());
  EXPECT_FALSE(TrainerState::FromBytes(bytes.substr(1)).ok());
}

TEST(TrainerState, BeforeAnyEvaluationTheBestIsMinusOne) {
  EXPECT_EQ(Hex(TrainerState().ToBytes()), std::string(72, '0') + std::string(24, 'f'));
}

}  // namespace
}  // namespace lockstep::worker
