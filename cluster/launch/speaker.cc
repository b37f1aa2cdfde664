// SPDX-License-Identifier: Apache-2.0
#include "cluster/launch/speaker.h"

#include <optional>
#include <string>
#include <thread>

namespace lockstep::cluster {
namespace {

constexpr auto kBetweenLooks = std::chrono::milliseconds(20);

// How this process was started, where it is another rank than 0.
std::optional<comm::LaunchEnvironment> OtherRank(const comm::Environment& environment) {
  const auto launch = comm::ReadLaunchEnvironment(environment);
  if (!launch.ok() || !launch->rank.has_value() || launch->rank->value == 0) return std::nullopt;
  return *launch;
}

// Whether every task of srun has this failure: one of the command line, which all share, or that
// they were started as single processes.
bool HasEveryTaskOfSrun(const Status& failure, const comm::LaunchEnvironment& launch) {
  return launch.in_slurm_step && (failure.code() == StatusCode::kInvalidArgument ||
                                  launch.launcher == comm::Launcher::kSrun);
}

}  // namespace

bool PrintsForAll(const comm::Environment& environment) { return !OtherRank(environment); }

Status SaidByOneRank(const Status& failure, const comm::Environment& environment,
                     const std::atomic<bool>* stop, Duration patience) {
  const std::optional<comm::LaunchEnvironment> launch = OtherRank(environment);
  if (!launch) return failure;
  const std::string& message = failure.message();
  if (message.empty() || message.starts_with("rank ")) return failure;
  if (HasEveryTaskOfSrun(failure, *launch)) return Status(failure.code(), "");
  const Deadline deadline = Deadline::In(patience);
  while (stop != nullptr && !deadline.Passed()) {
    if (stop->load()) return Status(failure.code(), "");
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return failure.WithContext("rank " + std::to_string(launch->rank->value));
}

}  // namespace lockstep::cluster
