// SPDX-License-Identifier: Apache-2.0
// Waiting for a holder, without two looks ever deciding more than a clock of one's own can tell.
#include "base/process.h"
#include "storage/checkpoint/generation.h"
#include "storage/checkpoint/generation_files.h"

namespace lockstep::storage {
namespace {

std::string Seconds(Duration d) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
}

}  // namespace

Generation::Waiter::Waiter(std::string run_directory, bool takeover, Timing timing)
    : run_directory_(std::move(run_directory)), takeover_(takeover), timing_(timing) {}

Result<bool> Generation::Waiter::Poll() {
  const auto numbers = GenerationNumbers(run_directory_);
  if (!numbers.ok() && numbers.status().code() != StatusCode::kNotFound) return numbers.status();
  if (!numbers.ok() || numbers->empty()) {
    number_ = 0;
    note_.clear();
    return true;
  }
  // A damaged file names no process; its counter moves or stands all the same.
  GenerationInfo newest{.number = numbers->back()};
  if (auto info = ReadGeneration(run_directory_, newest.number); info.ok()) newest = *info;
  const bool other = newest.number != number_;
  number_ = newest.number;
  const ProcessIdentity holder = HolderOf(newest);
  if (takeover_ || holder == OwnProcess() || IsCertainlyGone(holder)) return true;
  if (other) began_ = TimePoint{};
  return CounterStoodStill(newest);
}

Result<bool> Generation::Waiter::CounterStoodStill(const GenerationInfo& newest) {
  ASSIGN_OR_RETURN(std::string counter, ReadAlive(run_directory_, newest.number));
  if (counter == kEnded) return true;
  const TimePoint now = Clock::Real().Now();
  const bool first = began_ == TimePoint{};
  if (first) began_ = now;
  if (first || counter != counter_) changed_ = now;
  counter_ = std::move(counter);
  if (now - changed_ >= timing_.still) return true;
  const std::string holder = DescribeProcess(newest);
  const std::string generation = "generation " + std::to_string(newest.number);
  if (now - began_ >= timing_.give_up) {
    return AlreadyExists("run '" + run_directory_ + "' is held by " + holder + " (" + generation +
                         ", since " + newest.time + "), which is alive: its counter '" +
                         AlivePath(run_directory_, newest.number) + "' has moved for " +
                         Seconds(now - began_) +
                         ". Stop that process, choose another --run, or take the run from it with "
                         "--takeover");
  }
  note_ = "waiting for " + holder + ", which holds the run (" + generation +
          "), to end or to stand still for " + Seconds(timing_.still);
  return false;
}

}  // namespace lockstep::storage
