// SPDX-License-Identifier: Apache-2.0
#include "comm/mpi/presence_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace lockstep::comm {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

PresenceBeat Beat(int32_t rank, const char* phase, bool member = false) {
  PresenceBeat beat;
  beat.rank = rank;
  beat.pid = 100 + rank;
  beat.member = member ? 1 : 0;
  std::strcpy(beat.host, "node");
  std::strcpy(beat.phase, phase);
  return beat;
}

class PresenceBookTest : public testing::Test {
 protected:
  PresenceBook Book(int32_t self, int32_t size) {
    PresenceBook::Options options;
    options.clock = &clock_;
    options.pulse = &pulse_;
    return PresenceBook(Rank(self), size, options);
  }
  // A second goes by, in which this process runs.
  void Second() {
    clock_.Advance(seconds(1));
    pulse_.Beat();
  }

  HeldClock clock_;
  Pulse pulse_{&clock_};
};

TEST_F(PresenceBookTest, RankZeroHearsAllAndAllHearRankZero) {
  EXPECT_EQ(Book(0, 3).others(), (std::vector<Rank>{Rank(1), Rank(2)}));
  EXPECT_EQ(Book(2, 3).others(), std::vector<Rank>{Rank(0)});
  EXPECT_TRUE(Book(0, 1).others().empty());
}

TEST_F(PresenceBookTest, ASilentRankIsNamedAtTheLimitWithItsPhase) {
  PresenceBook book = Book(0, 3);
  book.Hear(Beat(2, "opening the dataset"));
  for (int s = 0; s < 9; ++s) {
    Second();
    book.Hear(Beat(1, "compiling"));
    EXPECT_TRUE(book.Verdict().ok()) << book.Verdict();
  }
  Second();
  const Status verdict = book.Verdict();
  EXPECT_EQ(verdict.code(), StatusCode::kUnavailable);
  EXPECT_THAT(verdict.message(),
              AllOf(StartsWith("rank 2 (node, pid 102) has been silent for 10.0 s"),
                    HasSubstr("phase 'opening the dataset'")));
}

TEST_F(PresenceBookTest, ARankNeverHeardOfIsNamedToo) {
  PresenceBook book = Book(0, 2);
  for (int s = 0; s < 10; ++s) Second();
  EXPECT_THAT(book.Verdict().message(),
              AllOf(StartsWith("rank 1 has been silent"), HasSubstr("since MPI_Init")));
}

TEST_F(PresenceBookTest, OfThoseThatMissRankZeroTheFirstSpeaksFirst) {
  PresenceBook first = Book(1, 3), second = Book(2, 3);
  first.Hear(Beat(0, "meeting"));
  second.Hear(Beat(0, "meeting"));
  for (int s = 0; s < 10; ++s) Second();
  EXPECT_THAT(first.Verdict().message(), StartsWith("rank 1: rank 0 (node, pid 100) has been "));
  EXPECT_TRUE(second.Verdict().ok());
  for (int s = 0; s < 3; ++s) Second();
  EXPECT_THAT(second.Verdict().message(), StartsWith("rank 2: rank 0 (node, pid 100) has been "));
}

TEST_F(PresenceBookTest, WhomACoordinatorWatchesIsNotJudgedHere) {
  PresenceBook zero = Book(0, 2), one = Book(1, 2);
  zero.Hear(Beat(0, "registration", /*member=*/true));
  zero.Hear(Beat(1, "registration", /*member=*/true));
  one.Hear(Beat(1, "registration", /*member=*/true));
  for (int s = 0; s < 60; ++s) Second();
  EXPECT_TRUE(zero.Verdict().ok());
  EXPECT_TRUE(one.Verdict().ok());
  // It has said goodbye.
  zero.Hear(Beat(1, "end"));
  one.Hear(Beat(1, "end"));
  for (int s = 0; s < 10; ++s) Second();
  EXPECT_FALSE(zero.Verdict().ok());
  EXPECT_FALSE(one.Verdict().ok());
}

TEST_F(PresenceBookTest, WhoHasNoCoordinatorAnyMoreJudgesMembersToo) {
  PresenceBook zero = Book(0, 2), one = Book(1, 2);
  zero.Hear(Beat(0, "end"));
  zero.Hear(Beat(1, "training", /*member=*/true));  // stopped right after its goodbye
  one.Hear(Beat(1, "end"));
  one.Hear(Beat(0, "training", /*member=*/true));
  for (int s = 0; s < 10; ++s) Second();
  EXPECT_THAT(zero.Verdict().message(), StartsWith("rank 1 (node"));
  EXPECT_THAT(one.Verdict().message(), StartsWith("rank 1: rank 0 (node"));
}

TEST_F(PresenceBookTest, OwnStandstillsCountAgainstNobody) {
  PresenceBook book = Book(0, 2);
  book.Hear(Beat(1, "compiling"));
  pulse_.Beat();
  clock_.Advance(seconds(100));
  EXPECT_TRUE(book.Verdict().ok()) << "before the pulse knows";
  pulse_.Beat();
  for (int s = 0; s < 9; ++s) Second();
  EXPECT_TRUE(book.Verdict().ok());
  Second();
  EXPECT_THAT(book.Verdict().message(), HasSubstr("silent for 10.0 s"));
}

TEST_F(PresenceBookTest, APhaseThatLastsIsSaidOnceAndByRankZeroAlone) {
  PresenceBook zero = Book(0, 3), one = Book(1, 3);
  for (int s = 0; s < 10; ++s) {
    for (PresenceBook* book : {&zero, &one}) {
      EXPECT_EQ(book->Note(), "");
      book->Hear(Beat(0, "waiting for the other ranks"));
      book->Hear(Beat(1, "opening the dataset"));
      book->Hear(Beat(2, "opening the dataset"));
    }
    Second();
  }
  EXPECT_EQ(zero.Note(),
            "rank 1 (node, pid 101) has been in phase 'opening the dataset' for 10.0 s");
  EXPECT_EQ(zero.Note(), "");
  EXPECT_EQ(one.Note(), "");
  zero.Hear(Beat(1, "compiling"));
  Second();
  EXPECT_EQ(zero.Note(), "");
}

TEST_F(PresenceBookTest, ForeignRanksAndUnendedTextsDoNoHarm) {
  PresenceBook book = Book(0, 2);
  PresenceBeat beat = Beat(7, "x");
  book.Hear(beat);
  beat.rank = -1;
  book.Hear(beat);
  beat.rank = 1;
  std::memset(beat.phase, 'p', sizeof beat.phase);
  std::memset(beat.host, 'h', sizeof beat.host);
  book.Hear(beat);
  for (int s = 0; s < 10; ++s) Second();
  EXPECT_THAT(book.Verdict().message(), HasSubstr("'" + std::string(sizeof beat.phase, 'p') + "'"));
}

}  // namespace
}  // namespace lockstep::comm
