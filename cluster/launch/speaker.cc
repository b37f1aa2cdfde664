// SPDX-License-Identifier: Apache-2.0
#include "cluster/launch/speaker.h"

#include <optional>
#include <string>
#include <thread>

namespace lockstep::cluster {
namespace {

constexpr auto kBetweenLooks = std::chrono::milliseconds(20);

// The rank of this process where it is another than 0.
std::optional<Rank> OtherRank(const comm::Environment& environment) {
  const auto launch = comm::ReadLaunchEnvironment(environment);
  if (!launch.ok() || !launch->rank.has_value() || launch->rank->value == 0) return std::nullopt;
  return launch->rank;
}

}  // namespace

bool PrintsForAll(const comm::Environment& environment) { return !OtherRank(environment); }

Status SaidByOneRank(const Status& failure, const comm::Environment& environment,
                     const std::atomic<bool>* stop, Duration patience) {
  const std::optional<Rank> rank = OtherRank(environment);
  if (!rank) return failure;
  const std::string& message = failure.message();
  if (message.empty() || message.starts_with("rank ")) return failure;
  const Deadline deadline = Deadline::In(patience);
  while (stop != nullptr && !deadline.Passed()) {
    if (stop->load()) return Status(failure.code(), "");
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return failure.WithContext("rank " + std::to_string(rank->value));
}

}  // namespace lockstep::cluster
