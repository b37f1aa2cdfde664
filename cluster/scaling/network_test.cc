// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::cluster {
namespace {

using ::testing::HasSubstr;

TEST(NetworkTest, ReadsWhatAPersonWrites) {
  const auto network = ParseNetwork("latency=2us,bandwidth=25GB/s,ranks-per-node=8");
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_DOUBLE_EQ(network->latency_ms, 0.002);
  EXPECT_DOUBLE_EQ(network->gb_per_second, 25.0);
  EXPECT_EQ(network->ranks_per_node, 8);
  const auto other = ParseNetwork("ranks-per-node=1,bandwidth=100Gbit/s,latency=1.5ms");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_DOUBLE_EQ(other->gb_per_second, 12.5);
  EXPECT_DOUBLE_EQ(other->latency_ms, 1.5);
}

struct Bad {
  const char* text;
  const char* says;
};

TEST(NetworkTest, NonsenseIsNamedWithTheRemedy) {
  for (const Bad& bad : {Bad{"", "'' is no name=value"},
                         {"fast", "'fast' is no name=value"},
                         {"latency=2us", "does not say the bandwidth"},
                         {"latency=2us,bandwidth=25GB/s", "does not say the ranks-per-node"},
                         {"latency=2,bandwidth=25GB/s,ranks-per-node=8", "its unit is one of ns"},
                         {"latency=us,bandwidth=25GB/s,ranks-per-node=8", "expected a number"},
                         {"latency=-2us,bandwidth=25GB/s,ranks-per-node=8", "more than 0"},
                         {"latency=2us,bandwidth=0GB/s,ranks-per-node=8", "more than 0"},
                         {"latency=2us,bandwidth=nanGB/s,ranks-per-node=8", "expected a number"},
                         {"latency=2us,bandwidth=1e999GB/s,ranks-per-node=8", "expected a number"},
                         {"latency=2us,bandwidth=25GB,ranks-per-node=8", "its unit is one of B/s"},
                         {"latency=2us,bandwidth=25GB/s,ranks-per-node=0", "from 1 to 65536"},
                         {"latency=2us,bandwidth=25GB/s,ranks-per-node=8.5", "from 1 to 65536"},
                         {"latency=2us,latency=2us,ranks-per-node=8", "latency stands twice"},
                         {"latency=2us,speed=9,ranks-per-node=8", "'speed' is none of"},
                         {"latency=2us,,ranks-per-node=8", "'' is no name=value"}}) {
    const auto network = ParseNetwork(bad.text);
    ASSERT_FALSE(network.ok()) << bad.text;
    EXPECT_EQ(network.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(network.status().message(), HasSubstr(bad.says)) << bad.text;
    EXPECT_THAT(network.status().message(), HasSubstr("latency=2us,bandwidth=25GB/s")) << bad.text;
  }
}

}  // namespace
}  // namespace lockstep::cluster
