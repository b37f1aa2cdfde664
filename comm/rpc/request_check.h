// SPDX-License-Identifier: Apache-2.0
// Whether what a rank says can be true at all: ids and counts in range, numbers finite, texts of a
// bounded length. This is checked before anything is done with a request; invalid-argument names
// the field.
#pragma once

#include "base/status.h"
#include "comm/coordinator.h"

namespace lockstep::comm {

inline constexpr int32_t kMaxWorldSize = 65536;

Status CheckRequest(const RegisterRequest& request);
Status CheckRequest(const HeartbeatRequest& request);
Status CheckRequest(const CommitRequest& request);
Status CheckRequest(const LeaveRequest& request);

}  // namespace lockstep::comm
