// SPDX-License-Identifier: Apache-2.0
#include "storage/checkpoint/generation_status.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "storage/env/testing/scratch_directory.h"

namespace lockstep::storage {
namespace {

GenerationStatus Example() {
  GenerationStatus s;
  s.generation = 7;
  s.time = "2026-11-30T14:00:00Z";
  s.first_step = 100;
  s.step = 180;
  s.total_steps = 1000;
  s.steps_per_epoch = 50;
  s.samples = 12800;
  s.elapsed_ms = 40000;
  s.recent_steps = 60;
  s.recent_ms = 30000;
  s.ranks = {{0, "node1", 100, "exchange", 180, 20, false},
             {1, "node2", 77, "input", 179, 900, true}};
  return s;
}

TEST(GenerationStatusTest, WhatIsWrittenIsReadBack) {
  const ScratchDirectory scratch;
  ASSERT_TRUE(MakeDirs(scratch.path() + "/generations").ok());
  ASSERT_TRUE(WriteGenerationStatus(scratch.path(), Example()).ok());
  const auto read = ReadGenerationStatus(scratch.path(), 7);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(EncodeGenerationStatus(*read), EncodeGenerationStatus(Example()));
  EXPECT_EQ(read->ranks[1].host, "node2");
  EXPECT_TRUE(read->ranks[1].left);
  const auto names = ListDir(scratch.path() + "/generations");
  ASSERT_TRUE(names.ok());
  EXPECT_EQ(*names, std::vector<std::string>{"g000007.status"}) << "nothing temporary stays";
  EXPECT_TRUE(GenerationStatusAge(scratch.path(), 7).ok());
}

TEST(GenerationStatusTest, AReasonOfAnyBytesCanBeWritten) {
  GenerationStatus s = Example();
  s.end = "io-error";
  s.reason = "cannot write '\xff\xfe'";
  const auto read = DecodeGenerationStatus(EncodeGenerationStatus(s));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->reason, "cannot write '\?\?'");
}

TEST(GenerationStatusTest, ATornFileIsDataLoss) {
  const std::string text = EncodeGenerationStatus(Example());
  for (const size_t length : {size_t{0}, size_t{1}, text.size() / 2, text.size() - 1}) {
    EXPECT_EQ(DecodeGenerationStatus(text.substr(0, length)).status().code(), StatusCode::kDataLoss)
        << length;
  }
}

TEST(GenerationStatusTest, AMissingOneIsNotFoundAndAMissingFolderIsNotMade) {
  const ScratchDirectory scratch;
  EXPECT_EQ(ReadGenerationStatus(scratch.path(), 7).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(WriteGenerationStatus(scratch.path(), Example()).ok());
  EXPECT_FALSE(FileExists(scratch.path() + "/generations"));
}

}  // namespace
}  // namespace lockstep::storage
