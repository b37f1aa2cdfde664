// SPDX-License-Identifier: Apache-2.0
#include "coordinator/run/members.h"

#include <algorithm>

#include "base/check.h"
#include "coordinator/membership/member_check.h"

namespace lockstep::coordinator {
namespace {

// One that was told the end before it had begun says nothing more.
bool IsGone(const Member& member, TimePoint now, Duration limit) {
  return member.left || (member.told && !member.has_assignment) || now - member.heard > limit;
}

}  // namespace

Member* Members::Find(Rank rank) {
  const auto it = members_.find(rank.value);
  return it == members_.end() ? nullptr : &it->second;
}

Member* Members::Find(const comm::MemberInfo& info) {
  Member* member = Find(info.rank);
  if (member == nullptr) return nullptr;
  const comm::MemberInfo& known = member->request.member;
  return known.host == info.host && known.pid == info.pid ? member : nullptr;
}

void Members::Add(const comm::RegisterRequest& request, TimePoint now) {
  Member member;
  member.request = request;
  member.heard = now;
  members_[request.member.rank.value] = std::move(member);
}

void Members::RemoveSilent(TimePoint now, Duration limit) {
  std::erase_if(members_, [&](const auto& entry) { return IsGone(entry.second, now, limit); });
}

Status Members::CheckFits(const comm::RegisterRequest& request) const {
  if (request.member.rank.value == 0) {
    for (const auto& [rank, member] : members_) {
      RETURN_IF_ERROR(CheckSameRun(request, member.request));
    }
    return OkStatus();
  }
  const auto rank0 = members_.find(0);
  return rank0 == members_.end() ? OkStatus() : CheckSameRun(rank0->second.request, request);
}

int32_t Members::world_size() const {
  return members_.empty() ? 0 : members_.begin()->second.request.member.world_size;
}

const std::string& Members::run_directory() const {
  CHECK(!members_.empty());
  return members_.begin()->second.request.run.run_directory;
}

bool Members::Complete() const {
  return members_.count(0) != 0 && static_cast<int64_t>(members_.size()) == world_size();
}

std::string Members::Missing() const {
  constexpr int kNamed = 16;
  std::string names;
  int count = 0;
  for (int32_t rank = 0; rank < world_size(); ++rank) {
    if (members_.count(rank) != 0) continue;
    ++count;
    if (count <= kNamed) names += (names.empty() ? "" : ", ") + std::to_string(rank);
  }
  if (count > kNamed) names += " and " + std::to_string(count - kNamed) + " more";
  return (count == 1 ? "rank " : "ranks ") + names + " of " + std::to_string(world_size());
}

const comm::RegisterRequest& Members::rank0() const {
  const auto it = members_.find(0);
  CHECK(it != members_.end()) << "no rank 0";
  return it->second.request;
}

bool Members::AllGone(TimePoint now, Duration limit, const Member* except) const {
  return std::all_of(members_.begin(), members_.end(), [&](const auto& entry) {
    return &entry.second == except || IsGone(entry.second, now, limit);
  });
}

std::string Members::Present(TimePoint now, Duration limit) const {
  std::string names;
  for (const auto& [rank, member] : members_) {
    if (IsGone(member, now, limit)) continue;
    names += (names.empty() ? "" : ", ") + NameOf(member.request.member);
  }
  return names;
}

const Member* Members::FirstSilent(TimePoint now, Duration limit) const {
  for (const auto& [rank, member] : members_) {
    if (!member.left && now - member.heard > limit) return &member;
  }
  return nullptr;
}

std::vector<comm::MemberInfo> Members::PresentOn(const std::string& host) const {
  std::vector<comm::MemberInfo> present;
  for (const auto& [rank, member] : members_) {
    const comm::MemberInfo& info = member.request.member;
    if (!member.left && info.host == host) present.push_back(info);
  }
  return present;
}

bool Members::AnyWantsToStop() const {
  return std::any_of(members_.begin(), members_.end(),
                     [](const auto& entry) { return entry.second.stop_wanted; });
}

bool Members::AllLeft() const {
  return std::all_of(members_.begin(), members_.end(),
                     [](const auto& entry) { return entry.second.left; });
}

bool Members::AllLeftWell() const {
  return std::all_of(members_.begin(), members_.end(),
                     [](const auto& entry) { return entry.second.left_well; });
}

std::vector<storage::RankStatus> Members::Statuses(TimePoint now) const {
  std::vector<storage::RankStatus> statuses;
  for (const auto& [rank, member] : members_) {
    const Duration silent = std::max(Duration::zero(), now - member.heard);
    statuses.push_back(
        {.rank = rank,
         .host = member.request.member.host,
         .pid = member.request.member.pid,
         .phase = member.phase,
         .step = member.step,
         .silent_ms = std::chrono::duration_cast<std::chrono::milliseconds>(silent).count(),
         .left = member.left});
  }
  return statuses;
}

void Members::HeardAll(TimePoint now) {
  for (auto& [rank, member] : members_) member.heard = now;
}

void Members::Forgive(Duration gap, TimePoint now) {
  for (auto& [rank, member] : members_) member.heard = std::min(member.heard + gap, now);
}

}  // namespace lockstep::coordinator
