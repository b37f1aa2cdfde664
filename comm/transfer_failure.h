// SPDX-License-Identifier: Apache-2.0
// The words of a failed transfer, the same for every transport: rank, operation, tag, who is
// missing or who disagrees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/status.h"
#include "comm/communicator.h"

namespace lockstep::comm {

enum class Operation : uint8_t { kExchange, kAllGather, kAllReduce, kBarrier };

std::string_view OperationName(Operation operation);

// "rank 3" or, where tags are the caller's, "rank 3 (tag 7)".
std::string PeerName(Rank peer, Operation operation, uint32_t tag);

// A deadline-exceeded failure; `waiting` is "for" or "to be received by", `missing` holds
// PeerNames.
Status TransferExpired(Rank self, Operation operation, std::string_view waiting,
                       const std::vector<std::string>& missing);

// A failed-precondition failure: the peer of `receive` sends `sent` bytes.
Status SizesDiffer(Rank self, Operation operation, const ReceiveOp& receive, size_t sent);

}  // namespace lockstep::comm
