// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/progress.h"

#include <chrono>
#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep::cluster {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class ProgressTest : public ::testing::Test {
 protected:
  std::ostringstream out_, err_;
  HeldClock clock_;
  Console console_{out_, err_, false, 80, false, &clock_};
};

TEST_F(ProgressTest, WithoutATerminalPrintsALineEveryTenSeconds) {
  Progress progress(&console_, "import", "samples");
  for (int second = 1; second <= 25; ++second) {
    clock_.Advance(1s);
    progress.Update(second * 1000, 50000);
  }
  progress.Finish("50,000 samples");
  EXPECT_EQ(err_.str(),
            "import  20%  10,000/50,000 samples  40s left\n"
            "import  40%  20,000/50,000 samples  30s left\n"
            "import: 50,000 samples\n");
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ProgressTest, OnATerminalRedrawsOneLineAtMostTenTimesASecond) {
  console_.terminal = true;
  Progress progress(&console_, "train", "steps");
  for (int i = 0; i <= 1000; ++i) {
    progress.Update(i, 1000, "loss 0.5");
    clock_.Advance(1ms);
  }
  const std::string text = err_.str();
  const auto redraws = std::count(text.begin(), text.end(), '\r');
  EXPECT_GE(redraws, 10);
  EXPECT_LE(redraws, 12);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_THAT(text, HasSubstr("\r\x1b[Ktrain  [============>           ]  50%  500/1,000 steps  "
                              "1s left  loss 0.5"));
}

TEST_F(ProgressTest, TheBarNeverReachesTheEdgeOfTheTerminal) {
  console_.terminal = true;
  console_.columns = 30;
  Progress progress(&console_, "train", "steps");
  progress.Update(1, 1000, "a long note that does not fit");
  EXPECT_LE(err_.str().size(), std::string("\r\x1b[K").size() + 29);
}

TEST_F(ProgressTest, LinesAndTheEndLeaveNoPieceOfTheBar) {
  console_.terminal = true;
  {
    Progress progress(&console_, "verify", "bytes");
    progress.Update(1, 2);
    progress.PrintLine("a line");
  }
  EXPECT_THAT(err_.str(), HasSubstr("\r\x1b[Ka line\n\r\x1b[Kverify"));
  EXPECT_THAT(err_.str(), ::testing::EndsWith("\r\x1b[K"));
}

TEST_F(ProgressTest, NeverGoesBackwardsAndNeverBeyondTheEnd) {
  Progress progress(&console_, "import", "samples");
  clock_.Advance(10s);
  progress.Update(70, 50);
  clock_.Advance(10s);
  progress.Update(20, 50);
  EXPECT_EQ(err_.str(), "import  100%  50/50 samples\n");
}

TEST(ConsoleText, CountsAndDurations) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(60000), "60,000");
  EXPECT_EQ(CountText(-1234567), "-1,234,567");
  EXPECT_EQ(DurationText(8.4), "8s");
  EXPECT_EQ(DurationText(133), "2:13");
  EXPECT_EQ(DurationText(3723), "1:02:03");
}

}  // namespace
}  // namespace lockstep::cluster
