// SPDX-License-Identifier: Apache-2.0
#include "worker/model/memory_report.h"

#include <gtest/gtest.h>

namespace lockstep::worker {
namespace {

TEST(BytesText, PicksTheUnitAPersonReads) {
  EXPECT_EQ(BytesText(0), "0 B");
  EXPECT_EQ(BytesText(1023), "1023 B");
  EXPECT_EQ(BytesText(1024), "1.0 KiB");
  EXPECT_EQ(BytesText(1536), "1.5 KiB");
  EXPECT_EQ(BytesText(int64_t{12} << 20), "12.0 MiB");
  EXPECT_EQ(BytesText(int64_t{3} << 30), "3.0 GiB");
  EXPECT_EQ(BytesText(int64_t{5000} << 40), "5000.0 TiB");
}

MemoryReport Report() {
  MemoryReport report;
  report.parameters = 1 << 10;
  report.gradients = 2 << 10;
  report.arenas = 4 << 10;
  report.exchange = 8 << 10;
  report.batches = 16 << 10;
  return report;
}

TEST(CheckFits, CountsEveryPartOnceAndAcceptsExactlyAllMemory) {
  EXPECT_EQ(Report().peak(), 31 << 10);
  EXPECT_TRUE(CheckFits(Report(), 31 << 10).ok());
  EXPECT_TRUE(CheckFits(Report(), 0).ok()) << "the machine's memory is not known";
}

TEST(CheckFits, SaysWhatIsNeededWhatThereIsAndWhatHelps) {
  const Status status = CheckFits(Report(), (31 << 10) - 1);
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted);
  for (const char* part : {"31.0 KiB", "activations 4.0 KiB", "optimizer 1.0 KiB",
                           "gradients 2.0 KiB", "lane_batch", "lanes_at_once", "ranks"}) {
    EXPECT_NE(status.message().find(part), std::string::npos) << part << " in " << status;
  }
}

TEST(CheckFits, NamesTheLargestTensorsAndTheBudgetThatWouldFit) {
  MemoryReport report;
  report.ranks = 2;
  report.lanes_at_once = 2;
  report.parameters = int64_t{100} << 20;
  report.arenas = int64_t{4 * 500} << 20;
  report.largest = {{"conv1", "conv2d", "f32[32,112,112,64]", int64_t{98} << 20},
                    {"fc", "matmul", "workspace", 1 << 20}};
  const auto message = [&] { return CheckFits(report, int64_t{1000} << 20).message(); };
  const auto has = [&](const char* part) { return message().find(part) != std::string::npos; };
  EXPECT_TRUE(
      has("; the largest activations are f32[32,112,112,64] (conv2d of 'conv1') 98.0 MiB, "
          "workspace (matmul of 'fc') 1.0 MiB; "))
      << message();
  EXPECT_TRUE(has("(train.recompute = \"blocks\", where the model has blocks, or 225)"))
      << message();
  report.recompute = true;
  EXPECT_TRUE(has("(train.recompute = 225)")) << message();
  report.arena_is_a_lanes = false;
  EXPECT_FALSE(has("recompute")) << "recomputing makes an evaluation no smaller: " << message();
}

TEST(CheckFits, SuggestsNoBudgetWhereTheRestAloneIsTooLarge) {
  MemoryReport report;
  report.parameters = int64_t{2000} << 20;
  report.arenas = int64_t{500} << 20;
  report.recompute = true;
  const Status status = CheckFits(report, int64_t{1000} << 20);
  EXPECT_EQ(status.message().find("recompute"), std::string::npos) << status;
}

}  // namespace
}  // namespace lockstep::worker
