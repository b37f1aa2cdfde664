// SPDX-License-Identifier: Apache-2.0
// Part of mpi_world_check: the ways to fail, each in processes of its own. Needs two ranks or more.
#include <functional>
#include <map>
#include <thread>

#include "comm/mpi/testing/mpi_world_check.h"

namespace lockstep::comm {
namespace {

constexpr size_t kLarge = 1 << 20;  // numbers: far more than any MPI sends ahead of a receive

Rank Last(const CheckRank& me) { return Rank(me.size() - 1); }
std::string LastName(const CheckRank& me) { return "rank " + std::to_string(me.size() - 1); }

Status Failure(const EventPtr& event) { return event->Wait(Deadline::Never()); }

// The rank that was missing comes later and learns at once what has happened.
void ALateRankLearnsTheFailure(const CheckRank& me, const std::string& operation) {
  Status status;
  while (status.ok()) {  // the failure comes after the others' deadline, 0.3 s
    int64_t in = 0;
    const Status own = Failure(me.communicator->Exchange(
        {{me.rank(), 1, &in, 8}}, {{me.rank(), 1, &in, 8}}, me.stream, Late()));
    status = own;
  }
  me.ExpectFailure(status, StatusCode::kDeadlineExceeded,
                   {operation + ": the deadline passed while waiting for " + LastName(me)});
  me.ExpectFailure(Failure(me.communicator->Barrier(me.stream, Late())),
                   StatusCode::kDeadlineExceeded, {LastName(me)});
}

void BarrierNamesWhoIsMissing(const CheckRank& me) {
  if (me.rank() == Last(me)) return ALateRankLearnsTheFailure(me, "barrier");
  const Status status = Failure(me.communicator->Barrier(me.stream, Soon()));
  me.ExpectFailure(status, StatusCode::kDeadlineExceeded,
                   {"barrier: the deadline passed while waiting for " + LastName(me) + ";"});
}

void AllReduceNamesWhoIsMissing(const CheckRank& me) {
  if (me.rank() == Last(me)) return ALateRankLearnsTheFailure(me, "all-reduce");
  std::vector<float> data(100);
  const Status status =
      Failure(me.communicator->AllReduceSum(data.data(), 100, DType::kFloat32, me.stream, Soon()));
  me.ExpectFailure(status, StatusCode::kDeadlineExceeded,
                   {"all-reduce: the deadline passed while waiting for " + LastName(me) + ";"});
}

// Rank 0 gets what rank 1 sends under tag 7, and misses what the last rank does not.
void ExchangeNamesRankOperationTagAndWhoIsMissing(const CheckRank& me) {
  const int64_t one = 1;
  if (me.rank() == Rank(0)) {
    int64_t in[3] = {};
    std::vector<ReceiveOp> receives = {{Last(me), 9, &in[1], 8}, {Last(me), 10, &in[2], 8}};
    if (me.size() > 2) receives.push_back({Rank(1), 7, &in[0], 8});
    const Status status = Failure(me.communicator->Exchange({}, receives, me.stream, Soon()));
    me.ExpectFailure(status, StatusCode::kDeadlineExceeded,
                     {"rank 0: exchange: the deadline passed while waiting for " + LastName(me) +
                      " (tag 9), " + LastName(me) + " (tag 10);"});
    return;
  }
  if (me.size() > 2 && me.rank() == Rank(1)) {
    me.ExpectOk(me.communicator->Exchange({{Rank(0), 7, &one, 8}}, {}, me.stream, Late()),
                "a send");
  }
  me.ExpectFailure(Failure(me.communicator->Barrier(me.stream, Late())),
                   StatusCode::kDeadlineExceeded, {"rank 0: exchange", LastName(me) + " (tag 9)"});
}

void ASenderNamesTheReceiverThatNeverCame(const CheckRank& me) {
  static std::vector<int64_t> data(kLarge);  // MPI may look at it until the process ends
  const Status status = me.rank() == Rank(0)
                            ? Failure(me.communicator->Exchange(
                                  {{Last(me), 9, data.data(), kLarge * 8}}, {}, me.stream, Soon()))
                            : Failure(me.communicator->Barrier(me.stream, Late()));
  me.ExpectFailure(status, StatusCode::kDeadlineExceeded,
                   {"rank 0: exchange", "to be received by " + LastName(me) + " (tag 9)"});
}

// Rank 0 sends `sent` bytes to the last rank, which expects others; every rank is told.
void SizesThatDifferAreNamed(const CheckRank& me, size_t sent, size_t expected) {
  static std::vector<int64_t> data(kLarge);
  EventPtr event;
  if (me.rank() == Rank(0)) {
    event = me.communicator->Exchange({{Last(me), 9, data.data(), sent}}, {}, me.stream, Late());
    static_cast<void>(Failure(event));  // a small message may be sent before it is found wrong
    event = me.communicator->Barrier(me.stream, Late());
  } else if (me.rank() == Last(me)) {
    event = me.communicator->Exchange({}, {{Rank(0), 9, data.data(), expected}}, me.stream, Late());
  } else {
    event = me.communicator->Barrier(me.stream, Late());
  }
  me.ExpectFailure(Failure(event), StatusCode::kFailedPrecondition,
                   {"exchange (tag 9): rank 0 sends " + std::to_string(sent) + " bytes but " +
                    LastName(me) + " expects " + std::to_string(expected)});
}

void CountsOfAnAllReduceThatDifferAreNamed(const CheckRank& me) {
  static std::vector<float> data(100'000);
  const size_t count = me.rank() == Last(me) ? 99'999 : 100'000;
  const Status status = Failure(
      me.communicator->AllReduceSum(data.data(), count, DType::kFloat32, me.stream, Late()));
  me.ExpectFailure(status, StatusCode::kFailedPrecondition, {"all-reduce", "400000", "399996"});
}

// Pending and later operations of every rank end with the reason of a rank that is in none.
void AnAbortReachesEveryone(const CheckRank& me) {
  if (me.rank() == Last(me)) {
    me.communicator->Abort(DataLoss("shard 3 is damaged"));
    me.communicator->Abort(Internal("a later reason"));
  }
  const EventPtr pending = me.communicator->Barrier(me.stream, Deadline::Never());
  me.ExpectFailure(Failure(pending), StatusCode::kDataLoss, {"shard 3 is damaged"});
  const EventPtr later = me.communicator->Barrier(me.stream, Deadline::Never());
  me.ExpectFailure(Failure(later), StatusCode::kDataLoss, {"shard 3 is damaged"});
}

// Aborts from another thread than the stream's, in the middle of large messages.
void AnAbortInTheMiddleOfTrafficEndsEveryone(const CheckRank& me) {
  static std::vector<int64_t> mine, all;  // MPI may look at them until the process ends
  mine = Payload(me.rank().value, 0, 0, kLarge);
  all.resize(kLarge * me.size());
  Status status;
  std::thread aborter;
  for (int i = 0; status.ok(); ++i) {
    const EventPtr event =
        me.communicator->AllGather(mine.data(), kLarge * 8, all.data(), me.stream, Late());
    if (i == 5 && me.rank() == Last(me)) {
      aborter = std::thread([&me] { me.communicator->Abort(Cancelled("stop")); });
    }
    status = Failure(event);
  }
  if (aborter.joinable()) aborter.join();
  me.ExpectFailure(status, StatusCode::kCancelled, {"stop"});
}

void ATagBeyondMpisLargestIsRefusedNamingBoth(const CheckRank& me) {
  const int64_t one = 1;
  const Status status = me.rank() == Rank(0)
                            ? Failure(me.communicator->Exchange({{Last(me), 0x80000000u, &one, 8}},
                                                                {}, me.stream, Late()))
                            : Failure(me.communicator->Barrier(me.stream, Late()));
  me.ExpectFailure(status, StatusCode::kFailedPrecondition,
                   {"tag 2147483648 is above the largest of this MPI, "});
}

}  // namespace

bool CheckFailure(const std::string& name, const CheckRank& me) {
  const std::map<std::string, std::function<void(const CheckRank&)>> cases = {
      {"missing-in-barrier", BarrierNamesWhoIsMissing},
      {"missing-in-all-reduce", AllReduceNamesWhoIsMissing},
      {"missing-in-exchange", ExchangeNamesRankOperationTagAndWhoIsMissing},
      {"missing-receiver", ASenderNamesTheReceiverThatNeverCame},
      {"sizes-small", [](const CheckRank& r) { SizesThatDifferAreNamed(r, 16, 24); }},
      {"sizes-nothing", [](const CheckRank& r) { SizesThatDifferAreNamed(r, 0, 24); }},
      {"sizes-too-large", [](const CheckRank& r) { SizesThatDifferAreNamed(r, 800'000, 799'992); }},
      {"sizes-too-small", [](const CheckRank& r) { SizesThatDifferAreNamed(r, 2000, 800'000); }},
      {"sizes-small-large", [](const CheckRank& r) { SizesThatDifferAreNamed(r, 8, 800'000); }},
      {"sizes-large-small", [](const CheckRank& r) { SizesThatDifferAreNamed(r, 800'000, 8); }},
      {"sizes-in-all-reduce", CountsOfAnAllReduceThatDifferAreNamed},
      {"abort", AnAbortReachesEveryone},
      {"abort-in-traffic", AnAbortInTheMiddleOfTrafficEndsEveryone},
      {"large-tag", ATagBeyondMpisLargestIsRefusedNamingBoth},
  };
  const auto it = cases.find(name);
  if (it == cases.end()) return false;
  it->second(me);
  return true;
}

}  // namespace lockstep::comm
