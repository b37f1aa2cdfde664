// SPDX-License-Identifier: Apache-2.0
#include "comm/mpi/mpi_communicator.h"

#include <cstring>
#include <utility>

#include "base/check.h"

namespace lockstep::comm {
namespace {

class MpiCommunicator : public Communicator {
 public:
  explicit MpiCommunicator(std::shared_ptr<MpiConnection> connection)
      : connection_(std::move(connection)) {}

  Rank rank() const override { return connection_->rank(); }
  int32_t size() const override { return connection_->size(); }

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
    const auto place = [all, bytes](int32_t r) {
      return static_cast<std::byte*>(all) + static_cast<size_t>(r) * bytes;
    };
    for (int32_t r = 0; r < size(); ++r) {
      if (Rank(r) == rank()) continue;
      sends.push_back({Rank(r), 0, mine, bytes});
      receives.push_back({Rank(r), 0, place(r), bytes});
    }
    return stream->Enqueue([connection = connection_, sends = std::move(sends),
                            receives = std::move(receives), mine, own = place(rank().value), bytes,
                            deadline] {
      if (bytes > 0 && own != mine) std::memcpy(own, mine, bytes);
      return connection->Run(Operation::kAllGather, sends, receives, deadline);
    });
  }

  EventPtr AllReduceSum(void* data, size_t count, DType dtype, Stream* stream,
                        Deadline deadline) override {
    CHECK(IsFloat(dtype)) << dtype;
    CHECK(data != nullptr || count == 0);
    return stream->Enqueue([connection = connection_, data, count, dtype, deadline] {
      return connection->AllReduceSum(data, count, dtype, deadline);
    });
  }

  EventPtr Barrier(Stream* stream, Deadline deadline) override {
    std::vector<SendOp> sends;
    std::vector<ReceiveOp> receives;
    for (int32_t r = 0; r < size(); ++r) {
      if (Rank(r) == rank()) continue;
      sends.push_back({Rank(r), 0, nullptr, 0});
      receives.push_back({Rank(r), 0, nullptr, 0});
    }
    return Enqueue(Operation::kBarrier, std::move(sends), std::move(receives), stream, deadline);
  }

  void Abort(Status reason) override {
    CHECK(!reason.ok()) << "an abort needs a reason";
    static_cast<void>(connection_->Fail(reason));
  }

 private:
  void CheckArguments(Rank peer, const void* data, size_t bytes) const {
    CHECK(peer.value >= 0 && peer.value < size()) << "rank " << peer << " of " << size();
    CHECK(data != nullptr || bytes == 0);
  }

  EventPtr Enqueue(Operation operation, std::vector<SendOp> sends, std::vector<ReceiveOp> receives,
                   Stream* stream, Deadline deadline) const {
    return stream->Enqueue([connection = connection_, operation, sends = std::move(sends),
                            receives = std::move(receives), deadline] {
      return connection->Run(operation, sends, receives, deadline);
    });
  }

  const std::shared_ptr<MpiConnection> connection_;
};

}  // namespace

std::unique_ptr<Communicator> MakeMpiCommunicator(std::shared_ptr<MpiConnection> connection) {
  return std::make_unique<MpiCommunicator>(std::move(connection));
}

}  // namespace lockstep::comm
