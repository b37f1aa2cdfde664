// SPDX-License-Identifier: Apache-2.0
// The ranks of one membership and when each was last heard of. Not thread-safe: its owner locks.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "comm/coordinator.h"
#include "storage/checkpoint/generation_status.h"

namespace lockstep::coordinator {

struct Member {
  comm::RegisterRequest request;
  TimePoint heard{};
  std::string phase = "registration";
  int64_t step = 0;
  bool stop_wanted = false;     // it was asked to stop
  bool has_assignment = false;  // it was told
  bool left = false;
  bool left_well = false;
  bool told = false;  // that the membership is over
};

class Members {
 public:
  bool empty() const { return members_.empty(); }
  void Clear() { members_.clear(); }

  Member* Find(Rank rank);
  // The member that is this very process; nullptr for another one under the same rank.
  Member* Find(const comm::MemberInfo& info);
  void Add(const comm::RegisterRequest& request, TimePoint now);
  // The members that were silent for longer than `limit`.
  void RemoveSilent(TimePoint now, Duration limit);

  // OK, or how this rank and those that registered differ.
  Status CheckFits(const comm::RegisterRequest& request) const;
  int32_t world_size() const;                // what they say it is; 0: there are none
  const std::string& run_directory() const;  // there is one
  bool Complete() const;                     // every rank is there
  std::string Missing() const;               // "ranks 1, 3 of 4"
  const comm::RegisterRequest& rank0() const;

  // Whether each is silent for longer than `limit` or has left; `except` (may be null) does not
  // count.
  bool AllGone(TimePoint now, Duration limit, const Member* except) const;
  std::string Present(TimePoint now, Duration limit) const;  // those who are not, by name
  // The members on `host` that have not left.
  std::vector<comm::MemberInfo> PresentOn(const std::string& host) const;
  const Member* FirstSilent(TimePoint now, Duration limit) const;  // of those that have not left
  bool AnyWantsToStop() const;
  bool AllLeft() const;
  bool AllLeftWell() const;

  // Where each is, by rank.
  std::vector<storage::RankStatus> Statuses(TimePoint now) const;

  void HeardAll(TimePoint now);
  // Moves the time at which each was last heard by a time in which nobody listened.
  void Forgive(Duration gap, TimePoint now);

 private:
  std::map<int32_t, Member> members_;
};

}  // namespace lockstep::coordinator
