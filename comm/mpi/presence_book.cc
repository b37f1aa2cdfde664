// SPDX-License-Identifier: Apache-2.0
#include "comm/mpi/presence_book.h"

#include <cstring>

#include "base/format.h"

namespace lockstep::comm {
namespace {

// Whatever bytes came, the text ends within its place.
template <size_t size>
std::string TextOf(const char (&text)[size]) {
  return std::string(text, strnlen(text, size));
}

std::string NameOf(Rank rank, const PresenceBeat& beat, bool known) {
  const std::string name = "rank " + std::to_string(rank.value);
  if (!known) return name;
  return name + " (" + TextOf(beat.host) + ", pid " + std::to_string(beat.pid) + ")";
}

}  // namespace

PresenceBook::PresenceBook(Rank self, int32_t size, const Options& options)
    : self_(self), options_(options), entries_(static_cast<size_t>(size)) {
  for (int32_t r = 0; r < size; ++r) {
    const bool hears = self.value == 0 ? r != 0 : r == 0;
    if (hears) others_.push_back(Rank(r));
  }
  const TimePoint now = options_.clock->Now();
  for (Entry& entry : entries_) entry.heard = entry.entered = now;
}

void PresenceBook::Hear(const PresenceBeat& beat) {
  if (beat.rank < 0 || beat.rank >= static_cast<int32_t>(entries_.size())) return;
  Entry& entry = EntryOf(Rank(beat.rank));
  const TimePoint now = options_.clock->Now();
  if (!entry.ever || TextOf(beat.phase) != TextOf(entry.beat.phase)) entry.entered = now;
  entry.beat = beat;
  entry.ever = true;
  entry.heard = now;
}

Duration PresenceBook::Silence(const Entry& entry) const {
  return options_.clock->Now() - entry.heard - options_.pulse->StoodStillSince(entry.heard);
}

Status PresenceBook::Verdict() const {
  // A member's heartbeat finds a coordinator that is silent, and that finds other members.
  const bool member = EntryOf(self_).beat.member != 0;
  if (self_.value != 0 && member) return OkStatus();
  for (const Rank rank : others_) {
    const Entry& entry = EntryOf(rank);
    const Duration silence = Silence(entry);
    // Where several ranks miss rank 0 the first of them speaks, and the others hear it in time.
    const bool speaks_later = self_.value > 1;
    const Duration limit = speaks_later ? options_.limit + options_.limit / 4 : options_.limit;
    if ((member && entry.beat.member != 0) || silence < limit) continue;
    const std::string where = entry.ever
                                  ? "; last heard of in phase '" + TextOf(entry.beat.phase) + "'"
                                  : "; not heard of since MPI_Init";
    const std::string speaker =
        self_.value == 0 ? "" : "rank " + std::to_string(self_.value) + ": ";
    return Unavailable(speaker + NameOf(rank, entry.beat, entry.ever) + " has been silent for " +
                       SecondsText(silence) + where +
                       "; look whether it was stopped or its machine is gone, then start the same "
                       "command again");
  }
  return OkStatus();
}

std::string PresenceBook::Note() {
  if (self_.value != 0) return "";
  const TimePoint now = options_.clock->Now();
  for (size_t r = 0; r < entries_.size(); ++r) {
    const Entry& entry = entries_[r];
    const std::string phase = TextOf(entry.beat.phase);
    const bool telling = entry.ever && entry.beat.member == 0 && !phase.starts_with("waiting");
    const Duration lasts = now - entry.entered - options_.pulse->StoodStillSince(entry.entered);
    if (!telling || lasts < options_.note_after || !noted_.insert(phase).second) continue;
    return NameOf(Rank(static_cast<int32_t>(r)), entry.beat, true) + " has been in phase '" +
           phase + "' for " + SecondsText(lasts);
  }
  return "";
}

}  // namespace lockstep::comm
