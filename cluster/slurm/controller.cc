// SPDX-License-Identifier: Apache-2.0
#include "cluster/slurm/controller.h"

#include <charconv>
#include <vector>

#include "cluster/slurm/tool.h"

namespace lockstep::cluster {
namespace {

constexpr int64_t kMinute = 60, kHour = 3600, kDay = 86400;
constexpr int64_t kMostSeconds = 3650 * kDay;
constexpr size_t kMostDigits = 9;

// The whole numbers between colons; empty where one of them is none.
std::vector<int64_t> NumbersBetweenColons(std::string_view text) {
  std::vector<int64_t> numbers;
  for (;;) {
    const size_t colon = std::min(text.find(':'), text.size());
    const std::string_view word = text.substr(0, colon);
    int64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    const bool whole = error == std::errc() && end == word.data() + word.size() && word[0] != '-';
    if (word.empty() || !whole || word.size() > kMostDigits) return {};
    numbers.push_back(number);
    if (colon == text.size()) return numbers;
    text.remove_prefix(colon + 1);
  }
}

// Seconds of "D-H:M:S" and its shorter forms; none where it is none of them.
std::optional<int64_t> SecondsOf(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    const auto days = NumbersBetweenColons(text.substr(0, dash));
    auto rest = NumbersBetweenColons(text.substr(dash + 1));
    if (days.size() != 1 || rest.empty() || rest.size() > 3) return std::nullopt;
    rest.resize(3);
    return days[0] * kDay + rest[0] * kHour + rest[1] * kMinute + rest[2];
  }
  const auto numbers = NumbersBetweenColons(text);
  switch (numbers.size()) {
    case 1:
      return numbers[0] * kMinute;
    case 2:
      return numbers[0] * kMinute + numbers[1];
    case 3:
      return numbers[0] * kHour + numbers[1] * kMinute + numbers[2];
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<Duration> ParseTimeLimit(const std::string& text) {
  const std::optional<int64_t> seconds = SecondsOf(text);
  if (seconds && *seconds > kMostSeconds) {
    return InvalidArgument("--time '" + text +
                           "' is more than 10 years; expected at most 3650-00:00:00");
  }
  if (seconds && *seconds > 0) return Duration(std::chrono::seconds(*seconds));
  return InvalidArgument("--time '" + text +
                         "' is no time limit; expected one above 0 as minutes (90), HH:MM:SS "
                         "(1:30:00), D-HH (1-12) or D-HH:MM:SS (1-12:00:00)");
}

Result<JobState> ParseJobState(std::string_view line) {
  const size_t space = line.find(' ');
  const auto unclear = [&] {
    return DataLoss("squeue said '" + std::string(line) + "', expected a state and a time");
  };
  if (space == std::string_view::npos || space == 0) return unclear();
  JobState job{std::string(line.substr(0, space)), std::nullopt};
  const std::string_view left = line.substr(space + 1);
  if (left == "UNLIMITED" || left == "NOT_SET") return job;
  const std::optional<int64_t> seconds = left == "INVALID" ? 0 : SecondsOf(left);
  if (!seconds) return unclear();
  if (*seconds > kMostSeconds) return job;
  job.left = std::chrono::seconds(*seconds);
  return job;
}

Result<JobState> AskForJob(const SlurmJob& job, Deadline deadline) {
  ASSIGN_OR_RETURN(const ToolOutput said,
                   RunTool({"squeue", "-h", "-j", job.id, "-o", "%T %L"}, "", deadline));
  if (said.exit_code != 0) {
    return Unavailable("squeue does not know job " + job.name + ": " + LastWords(said));
  }
  return ParseJobState(said.out.substr(0, said.out.find('\n')));
}

Status RequeueJob(const SlurmJob& job, Deadline deadline) {
  ASSIGN_OR_RETURN(const ToolOutput said, RunTool({"scontrol", "requeue", job.name}, "", deadline));
  if (said.exit_code == 0) return OkStatus();
  return Unavailable("scontrol requeue " + job.name + ": " + LastWords(said));
}

}  // namespace lockstep::cluster
