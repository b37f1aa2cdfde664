// SPDX-License-Identifier: Apache-2.0
// PresenceBook: who of an MPI world was last heard of when, and in which phase. Rank 0 hears every
// other rank, every other rank hears rank 0. It judges none that its coordinator watches, and
// blames nobody for the time in which this process itself stood still. Not thread-safe: its owner
// locks.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/pulse.h"
#include "base/status.h"

namespace lockstep::comm {

// What a rank says of itself, once a beat. Sent as it is: all ranks run the same program.
struct PresenceBeat {
  int32_t rank = 0;
  int32_t member = 0;  // Presence::member
  int64_t pid = 0;
  char host[72] = {};
  char phase[72] = {};
};

class PresenceBook {
 public:
  struct Options {
    Duration limit = std::chrono::seconds(10);  // of silence
    // Rank 0 says it where a phase lasts longer.
    Duration note_after = std::chrono::seconds(10);
    const Clock* clock = &Clock::Real();
    const Pulse* pulse = &Pulse::OfProcess();
  };
  PresenceBook(Rank self, int32_t size, const Options& options);

  void SetLimit(Duration limit) { options_.limit = limit; }
  Duration limit() const { return options_.limit; }

  // Those that hear this rank, and that it hears.
  const std::vector<Rank>& others() const { return others_; }
  // From another rank, or of this one itself: how long its phase lasts is told too.
  void Hear(const PresenceBeat& beat);

  // OK, or unavailable: which rank has been silent for longer than the limit, and where it was.
  Status Verdict() const;
  // A line for a person about a rank that has been in one phase for long, not said of this phase
  // before; empty: none. Rank 0 alone has any, and phases that begin with "waiting" are none.
  std::string Note();

 private:
  struct Entry {
    PresenceBeat beat;
    bool ever = false;  // heard of
    TimePoint heard{}, entered{};
  };
  Entry& EntryOf(Rank rank) { return entries_[static_cast<size_t>(rank.value)]; }
  const Entry& EntryOf(Rank rank) const { return entries_[static_cast<size_t>(rank.value)]; }
  Duration Silence(const Entry& entry) const;

  const Rank self_;
  Options options_;
  std::vector<Rank> others_;
  std::vector<Entry> entries_;  // by rank
  std::set<std::string> noted_;
};

}  // namespace lockstep::comm
