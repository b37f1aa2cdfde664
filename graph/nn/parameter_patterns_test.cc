// SPDX-License-Identifier: Apache-2.0
#include "graph/nn/parameter_patterns.h"

#include <gtest/gtest.h>

namespace lockstep::graph {
namespace {

constexpr ParameterKind kWeight = ParameterKind::kWeight;

TEST(ParameterPatterns, AGlobMatchesTheWholeName) {
  EXPECT_TRUE(PatternMatches("*", "fc.weight", kWeight));
  EXPECT_TRUE(PatternMatches("fc.*", "fc.weight", kWeight));
  EXPECT_TRUE(PatternMatches("*.weight", "layer1.0.conv1.weight", kWeight));
  EXPECT_TRUE(PatternMatches("layer?.*.weight", "layer1.0.conv1.weight", kWeight));
  EXPECT_TRUE(PatternMatches("*a*a*b", "aaaaaab", kWeight));
  EXPECT_FALSE(PatternMatches("fc", "fc.weight", kWeight));
  EXPECT_FALSE(PatternMatches("*.bias", "fc.weight", kWeight));
  EXPECT_FALSE(PatternMatches("layer??.*", "layer1.0", kWeight));
  EXPECT_FALSE(PatternMatches("", "fc", kWeight));
}

TEST(ParameterPatterns, AKindMatchesItsParametersWhateverTheirNames) {
  EXPECT_TRUE(PatternMatches("kind=norm", "bn1.bias", ParameterKind::kNorm));
  EXPECT_FALSE(PatternMatches("kind=bias", "bn1.bias", ParameterKind::kNorm));
  EXPECT_TRUE(CheckPattern("kind=bias", "a list").ok());
  const Status status = CheckPattern("kind=biases", "a list");
  EXPECT_EQ(status.message(),
            "a list has the pattern 'kind=biases'; the kinds of parameters are weight, bias, norm");
  EXPECT_FALSE(CheckPattern("", "a list").ok());
}

TEST(ParameterPatterns, TheLastFreezingPatternThatMatchesDecides) {
  const auto frozen = FrozenParameters::Parse({"*", "!layer4.*", "kind=norm"});
  ASSERT_TRUE(frozen.ok()) << frozen.status();
  EXPECT_TRUE(frozen->Has("conv1.weight", kWeight));
  EXPECT_FALSE(frozen->Has("layer4.0.conv1.weight", kWeight));
  EXPECT_TRUE(frozen->Has("layer4.0.bn1.weight", ParameterKind::kNorm));
  EXPECT_FALSE(FrozenParameters().Has("conv1.weight", kWeight));
  EXPECT_FALSE(FrozenParameters::Parse({"!"}).ok());
}

}  // namespace
}  // namespace lockstep::graph
