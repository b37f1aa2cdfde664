// SPDX-License-Identifier: Apache-2.0
#include "worker/step/owned_gather.h"

#include "base/check.h"
#include "comm/tags.h"

namespace lockstep::worker {
OwnedGather::OwnedGather(comm::Communicator* communicator, std::vector<Rank> owner)
    : communicator_(communicator),
      owner_(std::move(owner)),
      count_(static_cast<size_t>(communicator->size()), 0) {
  for (Rank rank : owner_) ++count_[static_cast<size_t>(rank.value)];
}

Status OwnedGather::Run(std::vector<uint64_t>* words, Stream* stream, Deadline deadline) {
  CHECK_EQ(words->size(), owner_.size());
  const auto ranks = count_.size();
  const auto self = static_cast<size_t>(communicator_->rank().value);
  std::vector<std::vector<uint64_t>> packed(ranks);
  for (size_t r = 0; r < ranks; ++r) packed[r].resize(static_cast<size_t>(count_[r]));
  size_t next = 0;
  for (size_t i = 0; i < owner_.size(); ++i) {
    if (owner_[i] == communicator_->rank()) packed[self][next++] = (*words)[i];
  }
  std::vector<comm::SendOp> sends;
  std::vector<comm::ReceiveOp> receives;
  for (size_t r = 0; r < ranks; ++r) {
    if (r == self) continue;
    const Rank peer(static_cast<int32_t>(r));
    if (!packed[self].empty()) {
      sends.push_back({peer, comm::kBlockWordsTag, packed[self].data(),
                       packed[self].size() * sizeof(uint64_t)});
    }
    if (!packed[r].empty()) {
      receives.push_back(
          {peer, comm::kBlockWordsTag, packed[r].data(), packed[r].size() * sizeof(uint64_t)});
    }
  }
  if (!sends.empty() || !receives.empty()) {
    // The event's own deadline is the exchange's: waiting longer would hide who is missing.
    RETURN_IF_ERROR(communicator_->Exchange(std::move(sends), std::move(receives), stream, deadline)
                        ->Wait(Deadline::Never()));
  }
  std::vector<size_t> at(ranks, 0);
  for (size_t i = 0; i < owner_.size(); ++i) {
    const auto r = static_cast<size_t>(owner_[i].value);
    (*words)[i] = packed[r][at[r]++];
  }
  return OkStatus();
}

}  // namespace lockstep::worker
