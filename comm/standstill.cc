// SPDX-License-Identifier: Apache-2.0
#include "comm/standstill.h"

#include "base/format.h"

namespace lockstep::comm {
namespace {

// What others conclude from a silence reaches this process a while after it woke.
constexpr Duration kLately = std::chrono::seconds(15);
constexpr char kWords[] = "this process stood still for ";

}  // namespace

Status ExplainStandstill(const Status& failure, const Pulse& pulse, Duration limit) {
  const StatusCode code = failure.code();
  if (code != StatusCode::kUnavailable && code != StatusCode::kDeadlineExceeded) return failure;
  const Duration slept = pulse.LongestEndedSince(Clock::Real().Now() - limit - kLately);
  if (2 * slept < limit || failure.message().find(kWords) != std::string::npos) return failure;
  return Status(code,
                kWords + Format("%.1f s", std::chrono::duration<double>(slept).count()) +
                    " (it was stopped, its machine was suspended, or it got no core), which the "
                    "others take for its end; start the same command again. Meanwhile: " +
                    failure.message());
}

}  // namespace lockstep::comm
