// SPDX-License-Identifier: Apache-2.0
#include "comm/local/local_world.h"

#include <utility>

#include "comm/local/mailboxes.h"
#include "comm/queued_communicator.h"

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

class LocalEnd : public RankEnd {
 public:
  LocalEnd(std::shared_ptr<Mailboxes> mailboxes, Rank rank)
      : mailboxes_(std::move(mailboxes)), rank_(rank) {}

  Rank rank() const override { return rank_; }
  int32_t size() const override { return mailboxes_->size(); }

  Status Run(Operation operation, std::vector<SendOp> sends, std::vector<ReceiveOp> receives,
             Deadline deadline) override {
    return mailboxes_->Run(rank_, operation, sends, receives, deadline);
  }
  Status AllReduceSum(void* data, size_t count, DType dtype, Deadline deadline) override {
    return dtype == DType::kFloat32
               ? SumOverRanks<float>(*mailboxes_, rank_, data, count, deadline)
               : SumOverRanks<double>(*mailboxes_, rank_, data, count, deadline);
  }
  Status Fail(const Status& failure) override { return mailboxes_->Fail(failure); }

 private:
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
  return MakeQueuedCommunicator(std::make_shared<LocalEnd>(mailboxes_, rank));
}

}  // namespace lockstep::comm
