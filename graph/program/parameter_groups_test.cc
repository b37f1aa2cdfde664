// SPDX-License-Identifier: Apache-2.0
#include "graph/program/parameter_groups.h"

#include <gtest/gtest.h>

namespace lockstep::graph {
namespace {

TEST(ParameterGroups, AreReadFromTheirText) {
  const auto group = ParameterGroup::Parse("fc.*:lr_scale=10:weight_decay=0");
  ASSERT_TRUE(group.ok()) << group.status();
  EXPECT_EQ(group->pattern, "fc.*");
  EXPECT_EQ(group->options.lr_scale, 10.0);
  EXPECT_EQ(group->options.weight_decay, 0.0);
  EXPECT_EQ(group->options.unfreeze_epoch, 0);
  const auto later = ParameterGroup::Parse("fc.*:unfreeze_epoch=3");
  ASSERT_TRUE(later.ok()) << later.status();
  EXPECT_EQ(later->options.unfreeze_epoch, 3);
  const auto kind = ParameterGroup::Parse("kind=norm:lr_scale=0.5");
  ASSERT_TRUE(kind.ok()) << kind.status();
  EXPECT_EQ(kind->options.weight_decay, -1.0);
}

TEST(ParameterGroups, WhatIsWrongWithATextIsNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {"fc.*", "says nothing of its parameters"},
      {":lr_scale=1", "a pattern without a character"},
      {"kind=gamma:lr_scale=1", "the kinds of parameters are weight, bias, norm"},
      {"fc.*:lr=2", "a group has no option 'lr'"},
      {"fc.*:lr_scale=", "lr_scale"},
      {"fc.*:lr_scale=fast", "lr_scale"},
      {"fc.*:lr_scale=-1", "lr_scale"},
      {"fc.*:lr_scale=1:lr_scale=2", "'lr_scale' is given twice"},
      {"fc.*:unfreeze_epoch=-1", "unfreeze_epoch"},
      {"fc.*:unfreeze_epoch=0.5", "unfreeze_epoch"},
      {"fc.*:", "a group has no option ''"},
  };
  for (const auto& [text, expected] : cases) {
    const auto group = ParameterGroup::Parse(text);
    ASSERT_FALSE(group.ok()) << text;
    EXPECT_NE(group.status().message().find(expected), std::string::npos) << group.status();
    EXPECT_NE(group.status().message().find("optimizer.groups"), std::string::npos);
  }
}

TEST(ParameterGroups, TheFirstThatMatchesCounts) {
  const auto groups = ParseGroups({"*.bias:weight_decay=0", "fc.*:lr_scale=2"});
  ASSERT_TRUE(groups.ok()) << groups.status();
  const auto assigned = AssignGroups(*groups, {{"conv.weight", ParameterKind::kWeight},
                                               {"fc.weight", ParameterKind::kWeight},
                                               {"fc.bias", ParameterKind::kBias}});
  ASSERT_TRUE(assigned.ok()) << assigned.status();
  EXPECT_EQ(*assigned, (std::vector<int32_t>{-1, 1, 0}));
}

}  // namespace
}  // namespace lockstep::graph
