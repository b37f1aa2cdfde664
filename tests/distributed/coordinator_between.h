// SPDX-License-Identifier: Apache-2.0
// CoordinatorBetween: passes the calls of a run on to another coordinator and lets a test look at
// them or answer in its place.
#pragma once

#include <functional>

#include "comm/coordinator.h"

namespace lockstep::tests {

class CoordinatorBetween : public comm::Coordinator {
 public:
  explicit CoordinatorBetween(comm::Coordinator* real) : real_(real) {}

  // Called before the call is passed on, from the caller's thread; any may be null. A failure that
  // on_heartbeat gives is the call's own, and the other coordinator hears nothing of it.
  std::function<void(const comm::RegisterRequest&)> on_register;
  std::function<Status(const comm::HeartbeatRequest&)> on_heartbeat;
  std::function<void(const comm::CommitRequest&)> on_commit;

  Result<comm::RegisterReply> Register(const comm::RegisterRequest& request) override {
    if (on_register) on_register(request);
    return real_->Register(request);
  }
  Result<comm::HeartbeatReply> Heartbeat(const comm::HeartbeatRequest& request) override {
    if (on_heartbeat) RETURN_IF_ERROR(on_heartbeat(request));
    return real_->Heartbeat(request);
  }
  Status Commit(const comm::CommitRequest& request) override {
    if (on_commit) on_commit(request);
    return real_->Commit(request);
  }
  Status Leave(const comm::LeaveRequest& request) override { return real_->Leave(request); }

 private:
  comm::Coordinator* const real_;
};

}  // namespace lockstep::tests
