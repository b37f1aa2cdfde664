// SPDX-License-Identifier: Apache-2.0
// PresenceBook: who of an MPI world was last heard of when, and in which phase. Rank 0 hears every
// other rank, every other rank hears rank 0. It judges no rank that its coordinator watches, and
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

// What a rank says of itself at each beat. It is sent as it is, since all ranks run one program.
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
    // How long a phase may last before rank 0 makes a note of it.
    Duration note_after = std::chrono::seconds(10);
    const Clock* clock = &Clock::Real();
    const Pulse* pulse = &Pulse::OfProcess();
  };
  PresenceBook(Rank self, int32_t size, const Options& options);

  void SetLimit(Duration limit) { options_.limit = limit; }
  Duration limit() const { return options_.limit; }

  // The ranks that hear this one, and that it hears.
  const std::vector<Rank>& others() const { return others_; }
  // Takes note of what another rank has sent, or of this rank itself, whose phase is watched too.
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
