// SPDX-License-Identifier: Apache-2.0
// That the loops run and count what they say; how fast they are, no test can know.
#include "worker/device/ceilings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::worker {
namespace {

using ::testing::Contains;

TEST(CeilingsTest, EveryLoopOfThisCpuRuns) {
  EXPECT_EQ(MultiplyAddLoops().back(), "x86-64") << "every machine has it";
  for (const std::string& loop : MultiplyAddLoops()) {
    EXPECT_GT(MeasureMultiplyAdds(loop, 1), 0.0) << loop;
  }
  EXPECT_EQ(MeasureMultiplyAdds("no such loop", 1), 0.0);
}

TEST(CeilingsTest, TheTriadNeedsMoreThanAnyCacheHolds) {
  EXPECT_GE(BandwidthBytes(), int64_t{190} << 20);
  EXPECT_EQ(BandwidthBytes() % 192, 0) << "three arrays of whole cache lines";
}

TEST(CeilingsTest, AllFiguresAreThere) {
  const auto ceilings = MeasureCeilings(2);
  ASSERT_TRUE(ceilings.ok()) << ceilings.status();
  EXPECT_EQ(ceilings->threads, 2);
  EXPECT_THAT(MultiplyAddLoops(), Contains(ceilings->loop));
  for (double figure : {ceilings->gflops, ceilings->gflops_one_thread, ceilings->gbytes_per_second,
                        ceilings->gbytes_per_second_one_thread}) {
    EXPECT_GT(figure, 0.0);
  }
}

}  // namespace
}  // namespace lockstep::worker
