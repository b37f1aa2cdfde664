// SPDX-License-Identifier: Apache-2.0
#include "worker/step/trainer_state.h"

#include <gtest/gtest.h>

#include <cmath>

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

TEST(TrainerState, BytesAreEveryFieldLittleEndianThenTheEntriesByName) {
  TrainerState state;
  state.epoch = 3;
  state.step_in_epoch = 4;
  state.global_step = 0x0102030405060708;
  state.applied_updates = 6;
  state.skipped_steps = 7;
  state.entries = {{"b", -2.0}, {"a", 0.5}};
  EXPECT_EQ(Hex(state.ToBytes()),
            "03000000"
            "0400000000000000"
            "0807060504030201"
            "0600000000000000"
            "0700000000000000"
            "02000000"
            "0100000061"
            "000000000000e03f"
            "0100000062"
            "00000000000000c0");
}

TEST(TrainerState, IsReadBackFromItsBytesAndFromNoOthers) {
  TrainerState state;
  state.epoch = 3;
  state.step_in_epoch = 4;
  state.global_step = 5;
  state.entries = {{"best.m", 0.25}, {"best_epoch", 2.0}};
  const std::string bytes = state.ToBytes();
  const auto back = TrainerState::FromBytes(bytes);
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(*back, state);
  EXPECT_FALSE(TrainerState::FromBytes(bytes + "x").ok());
  EXPECT_FALSE(TrainerState::FromBytes(bytes.substr(1)).ok());
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(TrainerState::FromBytes(bytes.substr(0, length)).ok()) << length;
  }
}

TEST(TrainerState, EntriesOutOfOrderOrTwiceAreRefused) {
  TrainerState state;
  state.entries = {{"a", 1.0}, {"b", 2.0}};
  for (const auto& [from, to] : {std::pair{'b', 'a'}, std::pair{'a', 'c'}}) {
    std::string bytes = state.ToBytes();
    bytes[bytes.find(from, 36)] = to;
    const auto read = TrainerState::FromBytes(bytes);
    EXPECT_EQ(read.status().code(), StatusCode::kDataLoss);
    EXPECT_NE(read.status().message().find("each name once, in bytewise order"), std::string::npos);
  }
}

TEST(TrainerState, APartThatSetsNothingLeavesTheBytesAlone) {
  EXPECT_EQ(Hex(TrainerState().ToBytes()), std::string(2 * 40, '0'));
  EXPECT_TRUE(std::isnan(TrainerState().Entry("best.m")));
}

}  // namespace
}  // namespace lockstep::worker
