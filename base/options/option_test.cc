// SPDX-License-Identifier: Apache-2.0
#include "base/options/option.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep {
namespace {

using ::testing::HasSubstr;

struct Pets {
  double weight = 4.0;
  int64_t legs = 4;
  std::string kind = "cat";
  bool tame = true;
  std::vector<int64_t> ages = {1, 2};
  std::vector<std::string> names = {};
  std::vector<double> shares = {0.5};

  template <typename V>
  void Visit(V&& v) {
    v("weight", weight, Says("in kilograms").Within(kPositive).Or(-1));
    v("legs", legs, Says("how many").Within({0, 1000}).Absent(int64_t{2}));
    v("kind", kind, Says("which").OneOf({"cat", "dog"}));
    v("tame", tame, Says("whether it comes"));
    v("ages", ages, Says("in years"));
    v("names", names, Says("what it is called"));
    v("shares", shares, Says("of the food").Within({0, 1}).Length(1, 2));
  }
};

Result<AttrValue> Accept(const std::string& name, AttrValue value) {
  return ListOf<Pets>().Find(name)->Accept(std::move(value), "pets." + name);
}

std::string Refused(const std::string& name, AttrValue value) {
  return Accept(name, std::move(value)).status().message();
}

TEST(OptionList, IsMadeOfTheFieldsOfAStructInTheirOrder) {
  const OptionList list = ListOf<Pets>();
  EXPECT_EQ(list.NamesText(), "weight, legs, kind, tame, ages, names, shares");
  EXPECT_EQ(list.Find("weight")->default_value, AttrValue(4.0));
  EXPECT_EQ(list.Find("weight")->absent(), AttrValue(4.0));
  EXPECT_EQ(list.Find("legs")->absent(), AttrValue(int64_t{2}));
  EXPECT_EQ(list.Find("wings"), nullptr);
  EXPECT_EQ(ListOf<NoAttrs>().NamesText(), "no options");
}

TEST(OptionList, WhatIsCompletedUnpacksToTheStruct) {
  const Result<Attrs> complete =
      ListOf<Pets>().Complete({{"kind", "dog"}, {"weight", int64_t{9}}}, "the pet");
  ASSERT_TRUE(complete.ok()) << complete.status();
  const Result<Pets> pets = Unpack<Pets>(*complete);
  ASSERT_TRUE(pets.ok()) << pets.status();
  EXPECT_EQ(pets->weight, 9.0);
  EXPECT_EQ(pets->legs, 4);
  EXPECT_EQ(pets->kind, "dog");
  EXPECT_EQ(*ListOf<Pets>().Complete({}, "the pet"), Pack(Pets{}));
}

TEST(OptionList, ForeignAndImpossibleOptionsAreRefusedWithWhatWouldFit) {
  const OptionList list = ListOf<Pets>();
  EXPECT_EQ(list.Complete({{"wings", 2.0}}, "the pet").status().message(),
            "the pet has no option 'wings'; it has weight, legs, kind, tame, ages, names, "
            "shares");
  EXPECT_THAT(list.Complete({{"kind", "dgo"}}, "the pet").status().message(),
              HasSubstr("the pet: 'kind' is \"dgo\"; expected one of \"cat\", \"dog\"; did you "
                        "mean \"dog\"?"));
}

TEST(Option, ANumberMayLieInItsRangeOrBeTheOneBesideIt) {
  EXPECT_EQ(*Accept("weight", 0.5), AttrValue(0.5));
  EXPECT_EQ(*Accept("weight", int64_t{3}), AttrValue(3.0));
  EXPECT_EQ(*Accept("weight", -1.0), AttrValue(-1.0));
  EXPECT_EQ(Refused("weight", 0.0),
            "'pets.weight' is 0.0, out of range; expected a number above 0, or -1");
  EXPECT_THAT(Refused("weight", std::nan("")), HasSubstr("which is not finite"));
  EXPECT_EQ(Refused("legs", int64_t{1001}),
            "'pets.legs' is 1001, out of range; expected an integer from 0 to 1000");
}

TEST(Option, AnotherTypeIsRefused) {
  EXPECT_EQ(Refused("legs", 4.0),
            "'pets.legs' is 4.0, a float; expected an integer from 0 to 1000");
  EXPECT_EQ(Refused("tame", int64_t{1}), "'pets.tame' is 1, an integer; expected true or false");
  EXPECT_EQ(Refused("ages", std::vector<std::string>{"x"}),
            "'pets.ages' is [\"x\"], a list of strings; expected a list of integers");
  EXPECT_TRUE(Accept("names", std::vector<std::string>{"x", "y"}).ok());
}

TEST(Option, TheNumbersOfAListLieInItsRangeAndAreAsManyAsItTakes) {
  EXPECT_EQ(*Accept("shares", std::vector<double>{0.25, -0.0}),
            AttrValue(std::vector<double>{0.25, 0.0}));
  EXPECT_EQ(*Accept("shares", std::vector<int64_t>{1}), AttrValue(std::vector<double>{1.0}));
  EXPECT_EQ(Refused("shares", std::vector<double>{0.5, 1.5}),
            "'pets.shares' is [0.5, 1.5], out of range; expected a list of 1 to 2 numbers from 0 "
            "to 1");
  EXPECT_THAT(Refused("shares", std::vector<double>{}), HasSubstr("is []; expected a list of 1"));
  EXPECT_THAT(Refused("shares", std::vector<double>{0, 0, 0}), HasSubstr("expected a list of 1"));
  EXPECT_THAT(Refused("shares", std::vector<double>{std::nan("")}), HasSubstr("not finite"));
}

TEST(OptionText, IsTomlThatReadsBack) {
  EXPECT_EQ(OptionText(5e-4), "5e-04");
  EXPECT_EQ(OptionText(1.0), "1.0");
  EXPECT_EQ(OptionText("a\"b\n"), "\"a\\\"b\\u000a\"");
  EXPECT_EQ(OptionText(std::vector<std::string>{"a", "b"}), "[\"a\", \"b\"]");
  EXPECT_EQ(OptionText(std::vector<int64_t>{}), "[]");
}

TEST(Attrs, ListsReadBackFromTheirText) {
  const Attrs attrs = {{"ages", std::vector<int64_t>{1, 2}},
                       {"names", std::vector<std::string>{"a", "b c"}},
                       {"shares", std::vector<double>{0.5, 1.0}}};
  EXPECT_EQ(attrs.ToText(), "{ages=[1,2], names=[\"a\",\"b c\"], shares=[0.5,1.0]}");
  const Result<Attrs> read = Attrs::FromText(attrs.ToText());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, attrs);
  EXPECT_FALSE(Attrs::FromText("{names=[\"a\",1]}").ok());
  EXPECT_FALSE(Attrs::FromText("{shares=[0.5,1]}").ok());
  EXPECT_FALSE(Attrs::FromText("{shares=[1,0.5]}").ok());
}

}  // namespace
}  // namespace lockstep
