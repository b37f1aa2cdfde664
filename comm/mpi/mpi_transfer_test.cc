// SPDX-License-Identifier: Apache-2.0
// Which MPI messages make an operation, and what is made of how they end. No MPI is needed.
#include "comm/mpi/mpi_transfer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace lockstep::comm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Kind = MpiMessage::Kind;

// Rank 0 receives `bytes` from rank 1 under tag 9.
MpiTransfer Receiving(void* data, size_t bytes) {
  return MpiTransfer(Rank(0), Operation::kExchange, {}, {{Rank(1), 9, data, bytes}}, kLargestPiece);
}

// Does what the arrival of the peer's envelope does.
void PutEnvelope(const MpiTransfer& transfer, uint64_t bytes) {
  ASSERT_EQ(transfer.messages()[0].kind, Kind::kEnvelopeIn);
  std::memcpy(transfer.messages()[0].data, &bytes, sizeof(bytes));
}

TEST(MpiTransferTest, FewBytesTravelInTheEnvelope) {
  const uint64_t number = 42;
  const MpiTransfer send(Rank(1), Operation::kExchange, {{Rank(0), 9, &number, 8}}, {},
                         kLargestPiece);
  ASSERT_EQ(send.messages().size(), 1u);
  ASSERT_EQ(send.messages()[0].bytes, 16u);
  uint64_t came = 0;
  MpiTransfer receive = Receiving(&came, 8);
  ASSERT_EQ(receive.messages().size(), 1u);
  std::memcpy(receive.messages()[0].data, send.messages()[0].data, 16);
  EXPECT_TRUE(receive.Ended(0, 16, "").ok());
  EXPECT_EQ(came, 42u);
}

TEST(MpiTransferTest, ABodyIsCutIntoPiecesThatCoverIt) {
  std::vector<std::byte> data(2500);
  const MpiTransfer transfer(Rank(0), Operation::kExchange, {{Rank(1), 9, data.data(), 2500}}, {},
                             1000);
  ASSERT_EQ(transfer.messages().size(), 4u);
  const std::byte* at = data.data();
  for (size_t i = 1; i < 4; ++i) {
    const MpiMessage& piece = transfer.messages()[i];
    EXPECT_EQ(piece.kind, Kind::kBodyOut);
    EXPECT_EQ(piece.data, at);
    EXPECT_EQ(piece.bytes, i < 3 ? 1000u : 500u);
    at += piece.bytes;
  }
}

TEST(MpiTransferTest, OperationsAndBodiesHaveTagsOfTheirOwn) {
  std::vector<std::byte> data(2000);
  std::vector<std::pair<MpiChannel, int32_t>> seen = {{MpiChannel::kCollectives, kAbortTag}};
  for (const Operation operation :
       {Operation::kExchange, Operation::kAllGather, Operation::kAllReduce, Operation::kBarrier}) {
    const MpiTransfer transfer(Rank(0), operation, {{Rank(1), 0, data.data(), 2000}}, {}, 2000);
    for (const MpiMessage& message : transfer.messages()) {
      const std::pair address(message.channel, message.tag);
      EXPECT_THAT(seen, ::testing::Not(::testing::Contains(address)));
      seen.push_back(address);
    }
  }
  EXPECT_EQ(seen.size(), 1u + 2 + 2 + 1 + 2);
}

TEST(MpiTransferTest, TheEnvelopeExplainsABodyThatWasCutOffWhicheverComesFirst) {
  std::vector<std::byte> data(800'000);
  for (const bool body_first : {true, false}) {
    MpiTransfer transfer = Receiving(data.data(), 800'000);
    PutEnvelope(transfer, 900'000);
    if (body_first) {
      EXPECT_TRUE(transfer.Ended(1, 0, "message truncated").ok());
    }
    const Status status = transfer.Ended(0, 8, "");
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    EXPECT_THAT(status.message(), AllOf(HasSubstr("sends 900000"), HasSubstr("expects 800000")));
  }
}

TEST(MpiTransferTest, AnErrorThatNoEnvelopeExplainsIsToldWithItsPeer) {
  std::vector<std::byte> data(800'000);
  for (const bool body_first : {true, false}) {
    MpiTransfer transfer = Receiving(data.data(), 800'000);
    PutEnvelope(transfer, 800'000);
    const Status first = body_first ? transfer.Ended(1, 0, "link down") : transfer.Ended(0, 8, "");
    EXPECT_TRUE(first.ok()) << first;
    const Status second = body_first ? transfer.Ended(0, 8, "") : transfer.Ended(1, 0, "link down");
    EXPECT_EQ(second.code(), StatusCode::kUnavailable);
    EXPECT_THAT(second.message(), HasSubstr("rank 0: exchange with rank 1 (tag 9): link down"));
  }
}

TEST(MpiTransferTest, AnEnvelopeWithoutALengthIsNoMessageOfOurs) {
  uint64_t number = 0;
  MpiTransfer transfer = Receiving(&number, 8);
  PutEnvelope(transfer, 8);
  EXPECT_EQ(transfer.Ended(0, 3, "").code(), StatusCode::kFailedPrecondition);
}

// A hostile or foreign peer: more data in the envelope than it says must not be written.
TEST(MpiTransferTest, NoMoreThanIsExpectedIsWritten) {
  uint64_t numbers[2] = {1, 1};
  MpiTransfer transfer = Receiving(numbers, 8);
  const uint64_t envelope[3] = {8, 7, 7};
  std::memcpy(transfer.messages()[0].data, envelope, sizeof(envelope));
  EXPECT_TRUE(transfer.Ended(0, sizeof(envelope), "").ok());
  EXPECT_EQ(numbers[0], 7u);
  EXPECT_EQ(numbers[1], 1u);
}

TEST(MpiTransferTest, ADeadlineNamesEachMissingPeerOnce) {
  std::vector<std::byte> data(5000);
  const MpiTransfer transfer(Rank(0), Operation::kExchange, {{Rank(2), 4, data.data(), 2000}},
                             {{Rank(1), 9, data.data(), 3000}}, 1000);
  EXPECT_THAT(transfer.Expired({0, 1, 2, 3, 4}).message(), HasSubstr("for rank 1 (tag 9); look"));
  EXPECT_THAT(transfer.Expired({4, 5}).message(),
              HasSubstr("to be received by rank 2 (tag 4); look"));
}

}  // namespace
}  // namespace lockstep::comm
