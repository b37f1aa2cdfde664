// SPDX-License-Identifier: Apache-2.0
#include "comm/queued_communicator.h"

#include <cstring>
#include <utility>

#include "base/check.h"

namespace lockstep::comm {
namespace {

class QueuedCommunicator : public Communicator {
 public:
  explicit QueuedCommunicator(std::shared_ptr<RankEnd> end) : end_(std::move(end)) {}

  Rank rank() const override { return end_->rank(); }
  int32_t size() const override { return end_->size(); }

  EventPtr Exchange(std::vector<SendOp> sends, std::vector<ReceiveOp> receives, Stream* stream,
                    Deadline deadline) override {
    for (const SendOp& send : sends) CheckArguments(send.to, send.data, send.bytes);
    for (const ReceiveOp& receive : receives) {
      CheckArguments(receive.from, receive.data, receive.bytes);
    }
    return stream->Enqueue(
        [end = end_, sends = std::move(sends), receives = std::move(receives), deadline] {
          return end->Run(Operation::kExchange, sends, receives, deadline);
        });
  }

  EventPtr AllGather(const void* mine, size_t bytes, void* all, Stream* stream,
                     Deadline deadline) override {
    return stream->Enqueue([end = end_, mine, bytes, all, deadline] {
      std::vector<SendOp> sends;
      std::vector<ReceiveOp> receives;
      for (int32_t r = 0; r < end->size(); ++r) {
        std::byte* const place = static_cast<std::byte*>(all) + static_cast<size_t>(r) * bytes;
        if (Rank(r) == end->rank()) {
          if (bytes > 0 && place != mine) std::memcpy(place, mine, bytes);
          continue;
        }
        sends.push_back({Rank(r), 0, mine, bytes});
        receives.push_back({Rank(r), 0, place, bytes});
      }
      return end->Run(Operation::kAllGather, std::move(sends), std::move(receives), deadline);
    });
  }

  EventPtr AllReduceSum(void* data, size_t count, DType dtype, Stream* stream,
                        Deadline deadline) override {
    CHECK(IsFloat(dtype)) << dtype;
    CHECK(data != nullptr || count == 0);
    return stream->Enqueue([end = end_, data, count, dtype, deadline] {
      return end->AllReduceSum(data, count, dtype, deadline);
    });
  }

  EventPtr Barrier(Stream* stream, Deadline deadline) override {
    return stream->Enqueue([end = end_, deadline] {
      std::vector<SendOp> sends;
      std::vector<ReceiveOp> receives;
      for (int32_t r = 0; r < end->size(); ++r) {
        if (Rank(r) == end->rank()) continue;
        sends.push_back({Rank(r), 0, nullptr, 0});
        receives.push_back({Rank(r), 0, nullptr, 0});
      }
      return end->Run(Operation::kBarrier, std::move(sends), std::move(receives), deadline);
    });
  }

  void Abort(Status reason) override {
    CHECK(!reason.ok()) << "an abort needs a reason";
    (void)end_->Fail(reason);
  }

 private:
  void CheckArguments(Rank peer, const void* data, size_t bytes) const {
    CHECK(peer.value >= 0 && peer.value < size()) << "rank " << peer << " of " << size();
    CHECK(data != nullptr || bytes == 0);
  }

  const std::shared_ptr<RankEnd> end_;
};

}  // namespace

std::unique_ptr<Communicator> MakeQueuedCommunicator(std::shared_ptr<RankEnd> end) {
  return std::make_unique<QueuedCommunicator>(std::move(end));
}

}  // namespace lockstep::comm
