// SPDX-License-Identifier: Apache-2.0
#include "comm/reduce/agree.h"

#include <gtest/gtest.h>

#include <string>

#include "comm/local/rank_threads.h"

namespace lockstep::comm {
namespace {

Deadline Late() { return Deadline::In(std::chrono::seconds(60)); }

TEST(AgreeTest, WellOnAllRanksIsWell) {
  RunRanks(3, [](Communicator* c, Stream* stream) {
    EXPECT_TRUE(AgreeOnStatus(c, OkStatus(), stream, Late()).ok());
  });
}

TEST(AgreeTest, EveryRankLearnsTheFailureOfTheLowest) {
  RunRanks(4, [](Communicator* c, Stream* stream) {
    const int32_t me = c->rank().value;
    const Status mine = me >= 2 ? NotFound("nothing at " + std::to_string(me)) : OkStatus();
    const Status agreed = AgreeOnStatus(c, mine, stream, Late());
    EXPECT_EQ(agreed.code(), StatusCode::kNotFound);
    EXPECT_EQ(agreed.message(), "rank 2: nothing at 2");
  });
}

TEST(AgreeTest, AMessageThatIsTooLongIsCut) {
  RunRanks(2, [](Communicator* c, Stream* stream) {
    const Status agreed = AgreeOnStatus(c, Internal(std::string(100000, 'x')), stream, Late());
    EXPECT_EQ(agreed.code(), StatusCode::kInternal);
    EXPECT_EQ(agreed.message(), "rank 0: " + std::string(4000, 'x'));
  });
}

}  // namespace
}  // namespace lockstep::comm
