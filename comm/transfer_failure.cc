// SPDX-License-Identifier: Apache-2.0
#include "comm/transfer_failure.h"

#include <algorithm>
#include <sstream>

#include "comm/tags.h"

namespace lockstep::comm {
namespace {

constexpr size_t kMissingNamed = 8;  // how many missing peers a message lists

}  // namespace

std::string_view OperationName(Operation operation) {
  switch (operation) {
    case Operation::kExchange:
      return "exchange";
    case Operation::kAllGather:
      return "all-gather";
    case Operation::kAllReduce:
      return "all-reduce";
    case Operation::kBarrier:
      return "barrier";
  }
  return "operation";
}

std::string PeerName(Rank peer, Operation operation, uint32_t tag) {
  std::ostringstream out;
  out << "rank " << peer;
  if (operation == Operation::kExchange) out << " (" << TagText(tag) << ")";
  return out.str();
}

Status TransferExpired(Rank self, Operation operation, std::string_view waiting,
                       const std::vector<std::string>& missing) {
  std::ostringstream out;
  out << "rank " << self << ": " << OperationName(operation)
      << ": the deadline passed while waiting " << waiting << " ";
  for (size_t i = 0; i < std::min(missing.size(), kMissingNamed); ++i) {
    out << (i == 0 ? "" : ", ") << missing[i];
  }
  if (missing.size() > kMissingNamed) out << " and " << missing.size() - kMissingNamed << " more";
  out << "; look whether that rank stopped, or raise the deadline";
  return DeadlineExceeded(out.str());
}

Status SizesDiffer(Rank self, Operation operation, const ReceiveOp& receive, size_t sent) {
  std::ostringstream out;
  out << OperationName(operation);
  if (operation == Operation::kExchange) out << " (" << TagText(receive.tag) << ")";
  out << ": rank " << receive.from << " sends " << sent << " bytes but rank " << self << " expects "
      << receive.bytes << "; both must run the same recipe with the same program";
  return FailedPrecondition(out.str());
}

}  // namespace lockstep::comm
