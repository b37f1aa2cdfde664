// SPDX-License-Identifier: Apache-2.0
// Whether two ranks can be of one run: everything they say of themselves and of it must be equal,
// but for their number and where they are.
#pragma once

#include <string>

#include "base/status.h"
#include "comm/coordinator.h"

namespace lockstep::coordinator {

// "rank 2 (node7, pid 4711)"
std::string NameOf(const comm::MemberInfo& member);

// OK, or a failure that names what differs with both values: failed-precondition for build,
// hardware and fingerprint, invalid-argument for the rest.
Status CheckSameRun(const comm::RegisterRequest& rank0, const comm::RegisterRequest& other);

}  // namespace lockstep::coordinator
