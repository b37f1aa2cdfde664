// SPDX-License-Identifier: Apache-2.0
#include "storage/import/kept_samples.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/import/drop_at.h"
#include "storage/import/source_pass.h"

namespace lockstep::storage {
namespace {

std::vector<SplitListing> TwoSplits() {
  return {{"a", std::vector<std::string>(100, "x")}, {"b", std::vector<std::string>(10, "y")}};
}

KeptSamples::Values ValuesOf(size_t bytes, int32_t label) {
  KeptSamples::Values values;
  values.push_back({Encoding::kJpeg, {1, 2, 3}, std::string(bytes, 'p')});
  values.push_back(LabelValue(label));
  return values;
}

TEST(KeptSamples, GivesWhatItWasGivenOnce) {
  KeptSamples kept(TwoSplits(), int64_t{16} << 20, 1);
  kept.Keep(0, 64, {ValuesOf(100, 1), {}, ValuesOf(300, 3)});
  kept.Keep(1, 0, {ValuesOf(7, 5)});
  EXPECT_EQ(kept.Take(0, 66), ValuesOf(300, 3));
  EXPECT_TRUE(kept.Take(0, 66).empty()) << "it was taken";
  EXPECT_TRUE(kept.Take(0, 65).empty()) << "it was rejected";
  EXPECT_TRUE(kept.Take(0, 3).empty()) << "its piece was never given";
  EXPECT_EQ(kept.Take(1, 0), ValuesOf(7, 5));
}

TEST(KeptSamples, KeepsWholePiecesWhileThereIsRoom) {
  const int64_t one = KeptSamples::BytesOf(ValuesOf(1000, 1));
  EXPECT_GT(one, 1000);
  KeptSamples kept(TwoSplits(), 3 * one, 1);
  kept.Keep(0, 0, {ValuesOf(1000, 1), ValuesOf(1000, 2), ValuesOf(1000, 3), ValuesOf(1000, 4)});
  EXPECT_TRUE(kept.Take(0, 0).empty()) << "four have no room";
  kept.Keep(0, 64, {ValuesOf(1000, 1), ValuesOf(1000, 2)});
  kept.Keep(1, 0, {ValuesOf(1000, 5)});
  EXPECT_EQ(kept.Take(0, 65), ValuesOf(1000, 2));
  EXPECT_TRUE(kept.Take(1, 0).empty()) << "the room is used up";
  EXPECT_LT(kept.room_of_piece(), one);
}

TEST(KeptSamples, PiecesAreSmallerWhereManyThreadsCollectThem) {
  constexpr int64_t kMiB = int64_t{1} << 20;
  EXPECT_EQ(KeptSamples(TwoSplits(), 96 * kMiB, 2).room_of_piece(), 4 * kMiB);
  EXPECT_EQ(KeptSamples(TwoSplits(), 96 * kMiB, 64).room_of_piece(), 96 * kMiB / 256);
  EXPECT_EQ(KeptSamples(TwoSplits(), 0, 2).room_of_piece(), 0);
}

TEST(AcceptedSplit, FindsTheIndexOfEachPlace) {
  SourceLook::AcceptedSplit split;
  split.rejected = {0, 1, 4, 7, 8, 9};
  std::vector<size_t> found;
  for (size_t place = 0; place < 6; ++place) found.push_back(split.IndexOf(place));
  EXPECT_EQ(found, (std::vector<size_t>{2, 3, 5, 6, 10, 11}));
  split.rejected.clear();
  EXPECT_EQ(split.IndexOf(17), 17u);
}

TEST(DropAt, LeavesTheOthersInOrder) {
  std::vector<std::string> list = {"a", "b", "c", "d", "e"};
  DropAt<std::string>({}, &list);
  EXPECT_EQ(list.size(), 5u);
  DropAt({0, 2, 4}, &list);
  EXPECT_EQ(list, (std::vector<std::string>{"b", "d"}));
  DropAt({0, 1}, &list);
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace lockstep::storage
