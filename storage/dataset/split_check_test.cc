// SPDX-License-Identifier: Apache-2.0
#include "storage/dataset/split_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::storage {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SplitLook Look(const std::string& name, int64_t height, int64_t width, int64_t channels,
               const std::vector<int32_t>& labels = {0}) {
  SplitLook look{.name = name};
  for (const int32_t label : labels) look.Add(height, width, channels, label);
  return look;
}

TEST(SplitCheckTest, SplitsOfOneSizeAgreeAndMixedOnesSayNothing) {
  EXPECT_TRUE(CheckSizesAgree({Look("test", 28, 28, 1), Look("train", 28, 28, 1)}).ok());
  SplitLook mixed = Look("train", 28, 28, 1);
  mixed.Add(30, 28, 1, 0);
  EXPECT_EQ(mixed.height, 0);
  EXPECT_TRUE(CheckSizesAgree({Look("test", 32, 28, 1), mixed}).ok());
}

TEST(SplitCheckTest, EachDifferingSideIsNamedWithBothSplits) {
  for (const SplitLook& other :
       {Look("test", 32, 28, 1), Look("test", 28, 32, 1), Look("test", 28, 28, 3)}) {
    const Status status = CheckSizesAgree({other, Look("train", 28, 28, 1)});
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(status.message(),
                AllOf(HasSubstr("'test'"), HasSubstr("'train'"), HasSubstr("28 x 28 x 1"),
                      HasSubstr(std::to_string(other.height) + " x ")));
  }
}

TEST(SplitCheckTest, MergingIsAsSeeingAllInOnePlace) {
  SplitLook a = Look("train", 28, 28, 1, {0, 2, 2}), b = Look("train", 28, 28, 3, {5});
  a.Merge(SplitLook{.name = "train"});
  EXPECT_EQ(a.channels, 1) << "a part that saw nothing changes nothing";
  a.Merge(b);
  EXPECT_EQ(a.height, 28);
  EXPECT_EQ(a.channels, 0);
  EXPECT_THAT(a.samples_of_class, ElementsAre(1, 0, 2, 0, 0, 1));
}

TEST(SplitCheckTest, ClassesThatOneSplitLacksAreNamed) {
  const std::vector<std::string> classes = {"cat", "dog", "cow", "owl"};
  const SplitLook train = Look("train", 2, 2, 1, {0, 1});
  EXPECT_THAT(LabelWarnings({Look("test", 2, 2, 1, {0, 1, 3}), train}, classes),
              ElementsAre("no split has a sample of class 'cow'",
                          "split 'test' has samples, and split 'train' none, of class 'owl'; a "
                          "model trained on 'train' cannot learn it"));
  EXPECT_THAT(
      LabelWarnings({Look("test", 2, 2, 1, {1}), Look("train", 2, 2, 1, {0, 1, 2, 3})}, classes),
      ElementsAre("split 'test' has no sample, and split 'train' some, of 3 classes: "
                  "'cat', 'cow', 'owl'"));
  EXPECT_THAT(LabelWarnings({Look("test", 2, 2, 1, {0, 1}), train}, {"cat", "dog"}), IsEmpty());
}

}  // namespace
}  // namespace lockstep::storage
