// SPDX-License-Identifier: Apache-2.0
#include "comm/local/local_world.h"

#include <cstring>
#include <utility>

#include "comm/local/mailboxes.h"

namespace lockstep::comm {
namespace {

// Every rank receives all ranks' data and adds them in rank order.
template <typename T>
Status SumOverRanks(Mailboxes& mailboxes, Rank self, void* data, size_t count, Deadline deadline) {
  const size_t bytes = count * sizeof(T);
  std::vector<T> all(static_cast<size_t>(mailboxes.size()) * count);
  std::vector<SendOp> sends;
  std::vector<ReceiveOp> receives;
  for (int32_t r = 0; r < mailboxes.size(); ++r) {
    sends.push_back({Rank(r), 0, data, bytes});
    receives.push_back({Rank(r), 0, all.data() + static_cast<size_t>(r) * count, bytes});
  }
  RETURN_IF_ERROR(mailboxes.Run(self, Operation::kAllReduce, sends, receives, deadline));
  T* const sum = static_cast<T*>(data);
  for (size_t i = 0; i < count; ++i) {
    sum[i] = all[i];
    for (int32_t r = 1; r < mailboxes.size(); ++r)
      sum[i] += all[static_cast<size_t>(r) * count + i];
  }
  return OkStatus();
}

class LocalCommunicator : public Communicator {
 public:
  LocalCommunicator(std::shared_ptr<Mailboxes> mailboxes, Rank rank)
      : mailboxes_(std::move(mailboxes)), rank_(rank) {}

  Rank rank() const override { return rank_; }
  int32_t size() const override { return mailboxes_->size(); }

  EventPtr Exchange(std::vector<SendOp> sends, std::vector<ReceiveOp> receives, Stream* stream,
                    Deadline deadline) override {
    for (const SendOp& send : sends) CheckArguments(send.to, send.data, send.bytes);
    for (const ReceiveOp& receive : receives) {
      CheckArguments(receive.from, receive.data, receive.bytes);
    }
    return Enqueue(Operation::kExchange, std::move(sends), std::move(receives), stream, deadline);
  }

  EventPtr AllGather(const void* mine, size_t bytes, void* all, Stream* stream,
                     Deadline deadline) override {
    std::vector<SendOp> sends;
    std::vector<ReceiveOp> receives;
    for (int32_t r = 0; r < size(); ++r) {
      std::byte* const place = static_cast<std::byte*>(all) + static_cast<size_t>(r) * bytes;
      if (Rank(r) == rank_ && place == mine) continue;
      sends.push_back({Rank(r), 0, mine, bytes});
      receives.push_back({Rank(r), 0, place, bytes});
    }
    return Enqueue(Operation::kAllGather, std::move(sends), std::move(receives), stream, deadline);
  }

  EventPtr AllReduceSum(void* data, size_t count, DType dtype, Stream* stream,
                        Deadline deadline) override {
    CHECK(IsFloat(dtype)) << dtype;
    CHECK(data != nullptr || count == 0);
    return stream->Enqueue([mailboxes = mailboxes_, self = rank_, data, count, dtype, deadline] {
      return dtype == DType::kFloat32
                 ? SumOverRanks<float>(*mailboxes, self, data, count, deadline)
                 : SumOverRanks<double>(*mailboxes, self, data, count, deadline);
    });
  }

  EventPtr Barrier(Stream* stream, Deadline deadline) override {
    std::vector<SendOp> sends;
    std::vector<ReceiveOp> receives;
    for (int32_t r = 0; r < size(); ++r) {
      sends.push_back({Rank(r), 0, nullptr, 0});
      receives.push_back({Rank(r), 0, nullptr, 0});
    }
    return Enqueue(Operation::kBarrier, std::move(sends), std::move(receives), stream, deadline);
  }

  void Abort(Status reason) override {
    CHECK(!reason.ok()) << "an abort needs a reason";
    mailboxes_->Fail(reason);
  }

 private:
  void CheckArguments(Rank peer, const void* data, size_t bytes) const {
    CHECK(peer.value >= 0 && peer.value < size()) << "rank " << peer << " of " << size();
    CHECK(data != nullptr || bytes == 0);
  }

  EventPtr Enqueue(Operation operation, std::vector<SendOp> sends, std::vector<ReceiveOp> receives,
                   Stream* stream, Deadline deadline) const {
    return stream->Enqueue([mailboxes = mailboxes_, self = rank_, operation,
                            sends = std::move(sends), receives = std::move(receives), deadline] {
      return mailboxes->Run(self, operation, sends, receives, deadline);
    });
  }

  const std::shared_ptr<Mailboxes> mailboxes_;
  const Rank rank_;
};

}  // namespace

LocalWorld::LocalWorld(int32_t size) : mailboxes_(std::make_shared<Mailboxes>(size)), made_(size) {
  CHECK_GE(size, 1);
}

LocalWorld::~LocalWorld() = default;

std::unique_ptr<Communicator> LocalWorld::MakeRank(Rank rank) {
  CHECK(rank.value >= 0 && rank.value < size()) << "rank " << rank << " of " << size();
  CHECK(!made_[rank.value]) << "rank " << rank << " was made before";
  made_[rank.value] = true;
  return std::make_unique<LocalCommunicator>(mailboxes_, rank);
}

}  // namespace lockstep::comm
