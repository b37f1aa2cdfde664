// SPDX-License-Identifier: Apache-2.0
#include "comm/reduce/agree.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace lockstep::comm {
namespace {

constexpr size_t kMessage = 4000;

struct Verdict {
  int32_t code = 0;
  uint32_t length = 0;
  char message[kMessage] = {};
};

}  // namespace

Status AgreeOnStatus(Communicator* communicator, const Status& mine, Stream* stream,
                     Deadline deadline) {
  Verdict verdict;
  verdict.code = static_cast<int32_t>(mine.code());
  verdict.length = static_cast<uint32_t>(std::min(mine.message().size(), kMessage));
  std::memcpy(verdict.message, mine.message().data(), verdict.length);
  std::vector<Verdict> all(static_cast<size_t>(communicator->size()));
  RETURN_IF_ERROR(communicator->AllGather(&verdict, sizeof verdict, all.data(), stream, deadline)
                      ->Wait(Deadline::Never()));
  for (size_t rank = 0; rank < all.size(); ++rank) {
    const auto code = static_cast<StatusCode>(all[rank].code);
    if (code == StatusCode::kOk) continue;
    const std::string message(all[rank].message, std::min<size_t>(all[rank].length, kMessage));
    return Status(code, "rank " + std::to_string(rank) + ": " + message);
  }
  return OkStatus();
}

}  // namespace lockstep::comm
