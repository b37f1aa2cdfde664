// SPDX-License-Identifier: Apache-2.0
#include "storage/json/strict_json.h"

#include <gtest/gtest.h>

#include <functional>

namespace lockstep::storage {
namespace {

using nlohmann::json;

// What is wrong once `read` has read fields of it; "" : nothing.
std::string ProblemOf(const json& value, const std::function<void(const JsonObject&)>& read) {
  Status problem;
  read(JsonObject(value, &problem));
  EXPECT_TRUE(problem.ok() || problem.code() == StatusCode::kDataLoss) << problem;
  return problem.message();
}

TEST(JsonObjectTest, GivesFieldsOfTheTypeAskedFor) {
  const json value = {{"text", "a"},         {"integer", 7u},
                      {"fraction", 0.5},     {"bool", true},
                      {"list", {"a", "b"}},  {"numbers", {1u, 2.5}},
                      {"map", {{"k", "v"}}}, {"objects", {{{"size", 3u}}, {{"size", 4u}}}}};
  EXPECT_EQ(ProblemOf(value,
                      [](const JsonObject& j) {
                        EXPECT_EQ(j.Text("text"), "a");
                        EXPECT_EQ(j.Integer("integer"), 7);
                        EXPECT_EQ(j.Integer32("integer"), 7);
                        EXPECT_EQ(j.Fraction("fraction"), 0.5);
                        EXPECT_TRUE(j.Bool("bool"));
                        EXPECT_EQ(j.Texts("list"), (std::vector<std::string>{"a", "b"}));
                        EXPECT_EQ(j.Numbers("numbers"), (std::vector<double>{1.0, 2.5}));
                        EXPECT_EQ(j.TextByName("map").at("k"), "v");
                        ASSERT_EQ(j.Objects("objects").size(), 2u);
                        EXPECT_EQ(j.Objects("objects")[1].Integer("size"), 4);
                      }),
            "");
}

TEST(JsonObjectTest, TheFirstProblemIsTheOneThatIsSaid) {
  const json value = {{"a", "text"}, {"b", -1}};
  EXPECT_EQ(ProblemOf(value,
                      [](const JsonObject& j) {
                        EXPECT_EQ(j.Integer("b"), 0);
                        EXPECT_EQ(j.Integer("a"), 0);
                        EXPECT_EQ(j.Text("none"), "");
                      }),
            "'b' is not an integer from 0");
}

TEST(JsonObjectTest, NamesWhatIsMissingOrOfAnotherType) {
  const json value = {{"text", "a"},       {"one", 1u},          {"one point", 1.0},
                      {"large", 1u << 31}, {"mixed", {"a", 1u}}, {"list", {1u}}};
  const auto problem = [&](const std::function<void(const JsonObject&)>& read) {
    return ProblemOf(value, read);
  };
  using J = const JsonObject&;
  EXPECT_EQ(problem([](J j) { j.Text("none"); }), "there is no 'none'");
  EXPECT_EQ(problem([](J j) { j.Text("one"); }), "'one' is not a text");
  EXPECT_EQ(problem([](J j) { j.Integer("one point"); }), "'one point' is not an integer from 0");
  EXPECT_EQ(problem([](J j) { j.Integer32("large"); }), "'large' is beyond 2^31");
  EXPECT_EQ(problem([](J j) { j.Fraction("one"); }), "'one' is not a number");
  EXPECT_EQ(problem([](J j) { j.Bool("one"); }), "'one' is not true or false");
  EXPECT_EQ(problem([](J j) { j.Hex64("text"); }), "'text' is not 16 hexadecimal digits");
  EXPECT_EQ(problem([](J j) { j.Hex128("text"); }), "'text' is not 32 hexadecimal digits");
  EXPECT_EQ(problem([](J j) { j.Texts("mixed"); }), "'mixed' holds more than texts");
  EXPECT_EQ(problem([](J j) { j.Numbers("mixed"); }), "'mixed' holds more than numbers");
  EXPECT_EQ(problem([](J j) { j.TextByName("list"); }), "'list' is not an object");
  EXPECT_EQ(problem([](J j) { j.Objects("text"); }), "'text' is not a list");
  EXPECT_EQ(problem([](J j) { j.Objects("list")[0].Integer("size"); }), "an object was expected");
}

}  // namespace
}  // namespace lockstep::storage
