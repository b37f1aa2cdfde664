// SPDX-License-Identifier: Apache-2.0
// Translates comm/coordinator.h to and from the generated messages of comm/proto. It belongs to
// rpc/ and is the only header that includes protobuf's. What comes from a message is taken as it
// came; request_check.h looks at the values.
#pragma once

#include <lockstep.pb.h>

#include "base/status.h"
#include "comm/coordinator.h"

namespace lockstep::comm {

void ToWire(const Status& status, v1::Status* out);
void ToWire(const RegisterRequest& request, v1::RegisterRequest* out);
void ToWire(const RegisterReply& reply, v1::RegisterReply* out);
void ToWire(const HeartbeatRequest& request, v1::HeartbeatRequest* out);
void ToWire(const CommitRequest& request, v1::CommitRequest* out);
void ToWire(const LeaveRequest& request, v1::LeaveRequest* out);

// A code that this version does not know becomes kInternal.
Status FromWire(const v1::Status& wire);
RegisterRequest FromWire(const v1::RegisterRequest& wire);
RegisterReply FromWire(const v1::RegisterReply& wire);
HeartbeatRequest FromWire(const v1::HeartbeatRequest& wire);
CommitRequest FromWire(const v1::CommitRequest& wire);
LeaveRequest FromWire(const v1::LeaveRequest& wire);

}  // namespace lockstep::comm
