// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/run_lengths.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "storage/dataset/little_endian.h"

namespace lockstep::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

FieldValue Of(std::vector<uint32_t> dims, const std::vector<uint32_t>& words) {
  FieldValue value = {Encoding::kRunLengths, std::move(dims), {}};
  for (const uint32_t word : words) AppendLittleEndian(word, &value.bytes);
  return value;
}

// The example of pycocotools' documentation of run lengths: the mask [0 0 1 1 1 0 1] has the runs
// 2 3 1 1, and [1 1 1 1 1 1 0] has 0 6 1.
TEST(RunLengths, AreThoseOfCoco) {
  const std::vector<std::vector<uint8_t>> masks = {{0, 0, 1, 1, 1, 0, 1}, {1, 1, 1, 1, 1, 1, 0}};
  EXPECT_EQ(RunLengthsValue(7, 1, masks), Of({2, 7, 1}, {4, 2, 3, 1, 1, 3, 0, 6, 1}));
}

TEST(RunLengths, GoDownTheColumnsAndTheLastMaskIsOnTop) {
  const std::vector<std::vector<uint8_t>> masks = {{1, 0, 0,  //
                                                    1, 0, 1},
                                                   {0, 0, 0,  //
                                                    0, 1, 1}};
  const FieldValue value = RunLengthsValue(2, 3, masks);
  EXPECT_EQ(value, Of({2, 2, 3}, {4, 0, 2, 3, 1, 4, 3, 1, 1, 1}));
  ASSERT_TRUE(CheckRunLengths(value.View()).ok());
  EXPECT_THAT(MaskOfEachPixel(value.View()), ElementsAre(0, -1, -1, 0, 1, 1));
}

TEST(RunLengths, NoMaskAndEmptyMasksAreAllowed) {
  EXPECT_TRUE(CheckRunLengths(Of({0, 2, 2}, {}).View()).ok());
  EXPECT_THAT(MaskOfEachPixel(Of({1, 2, 2}, {1, 4}).View()), ElementsAre(-1, -1, -1, -1));
}

TEST(RunLengths, WhatDoesNotFitIsNamed) {
  const auto says = [](const FieldValue& value) {
    const Status status = CheckRunLengths(value.View());
    EXPECT_EQ(status.code(), StatusCode::kDataLoss);
    return status.message();
  };
  EXPECT_THAT(says(Of({1, 2, 2}, {})), HasSubstr("mask 0 is missing"));
  EXPECT_THAT(says(Of({2, 2, 2}, {1, 4})), HasSubstr("mask 1 is missing"));
  EXPECT_THAT(says(Of({1, 2, 2}, {3, 4})), HasSubstr("has 3 runs, and there are bytes for 1"));
  EXPECT_THAT(says(Of({1, 2, 2}, {1, 3})), HasSubstr("have 3 pixels, expected 4"));
  EXPECT_THAT(says(Of({1, 2, 2}, {2, 4, 4294967295U})), HasSubstr("4294967299 pixels"));
  EXPECT_THAT(says(Of({1, 2, 2}, {1, 4, 7})), HasSubstr("behind the last"));
  EXPECT_THAT(says(Of({0, 0, 2}, {})), HasSubstr("0 pixels"));
  const uint32_t most = std::numeric_limits<uint32_t>::max();
  EXPECT_THAT(says(Of({most, most, most}, {1, most})), HasSubstr("expected 1 to 2^28"));
  FieldValue odd = Of({1, 2, 2}, {1, 4});
  odd.bytes += "abc";
  EXPECT_THAT(says(odd), HasSubstr("behind the last"));
}

}  // namespace
}  // namespace lockstep::storage
