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

SampleFacts Facts(int64_t height, int64_t width, int32_t label = 0) {
  return {static_cast<int32_t>(height), static_cast<int32_t>(width), label, 0};
}

SplitLook Look(const std::string& name, int64_t height, int64_t width, int64_t channels,
               const std::vector<int32_t>& labels = {0}) {
  SplitLook look{.name = name};
  for (const int32_t label : labels) look.Add(Facts(height, width, label), channels, "a");
  return look;
}

TEST(SplitCheckTest, SplitsOfOneSizeAgreeAndMixedOnesSayNothing) {
  EXPECT_THAT(SizeWarnings({Look("test", 28, 28, 1), Look("train", 28, 28, 1)}), IsEmpty());
  SplitLook mixed = Look("train", 28, 28, 1);
  mixed.Add(Facts(30, 28), 1, "b");
  EXPECT_EQ(mixed.height, 0);
  EXPECT_THAT(SizeWarnings({Look("test", 32, 28, 1), mixed}), IsEmpty());
}

TEST(SplitCheckTest, TheExtremeImagesAreKeptWhateverTheOrder) {
  const std::vector<std::pair<SampleFacts, std::string>> samples = {
      {Facts(10, 10), "d"}, {Facts(20, 5), "c"}, {Facts(4, 40), "b"},
      {Facts(8, 8), "e"},   {Facts(4, 40), "a"}, {Facts(9, 11), "f"}};
  SplitLook forwards{.name = "train"}, backwards{.name = "train"};
  for (const auto& [facts, path] : samples) forwards.Add(facts, 3, path);
  for (size_t i = samples.size(); i-- > 0;) {
    SplitLook one{.name = "train"};
    one.Add(samples[i].first, 3, samples[i].second);
    backwards.Merge(one);
  }
  // Lowest, widest and flattest is one image; highest, narrowest and steepest another.
  const std::vector<SizeExample> expected = {{4, 40, "a"}, {20, 5, "c"}};
  EXPECT_EQ(forwards.Examples(), expected);
  EXPECT_EQ(backwards.Examples(), expected);
  EXPECT_EQ(Look("train", 28, 28, 1, {0, 1}).Examples(), (std::vector<SizeExample>{{28, 28, "a"}}));
}

TEST(SplitCheckTest, EachDifferingSideIsNamedWithBothSplits) {
  for (const SplitLook& other :
       {Look("test", 32, 28, 1), Look("test", 28, 32, 1), Look("test", 28, 28, 3)}) {
    EXPECT_THAT(
        SizeWarnings({other, Look("train", 28, 28, 1)}),
        ElementsAre(AllOf(HasSubstr("'test'"), HasSubstr("'train'"), HasSubstr("28 x 28 x 1"),
                          HasSubstr(std::to_string(other.height) + " x "))));
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
  EXPECT_THAT(LabelWarnings({Look("a", 2, 2, 1, {0, 1}), Look("b", 2, 2, 1, {1})}, {"cat", "dog"}),
              ElementsAre("split 'b' has no sample, and another split some, of class 'cat'"));
}

}  // namespace
}  // namespace lockstep::storage
