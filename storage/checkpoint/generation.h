// SPDX-License-Identifier: Apache-2.0
// Generations: who may change a run directory. A generation is a file that is linked into place, so
// its number can be taken once; its holder keeps a counter moving beside it.
//
//   generations/g000007         JSON: who, when, recipe, branch, parent checkpoint; never changed
//   generations/g000007.alive   a counter, rewritten in place every two seconds; "ended" after an
//                               orderly end
//   generations/.tmp-UUID       on its way; a stale one is removed by the next holder
//
// A holder is known to be gone at once where .alive says `ended`, where its process certainly runs
// no more (host, boot, pid namespace, pid and start time: base/process.h), and where it is this
// very process. Else it counts as gone when what .alive holds has not changed for Timing::still of
// the newcomer's own clock. A missing .alive counts as something that does not change: its holder
// is between its link and its first beat, or was killed there. Nobody removes .alive, so that its
// absence never means an end.
//
// The wait is a courtesy. What keeps two holders from harm is the number: whoever was taken
// for dead and was not finds a larger one before it changes anything (CheckNewest), and stops.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace lockstep::storage {

struct GenerationInfo {
  int64_t number = 0;  // set by Claim
  // Who holds it; set by Claim.
  std::string host, boot_id, pid_namespace;
  int64_t pid = 0;
  std::string process_start;  // clock ticks since boot
  std::string job;            // SLURM_JOB_ID or PBS_JOBID; empty: none
  std::string time;           // UTC, 2026-11-25T02:03:45Z
  // What the holder does; set by the caller.
  uint64_t recipe_hash = 0;
  std::string fixed_keys, branch_keys;
  int32_t branch = 1;
  std::string parent;  // name of the checkpoint it goes on from; empty: step 0
  uint64_t parent_digest = 0;
  bool overwrite = false;  // everything before it was thrown away on purpose
};

std::string GenerationName(int64_t number);                    // "g000007"
std::optional<int64_t> ParseGenerationName(std::string_view);  // exactly such a name, from 1

// JSON, keys sorted, with the XXH3-128 of itself; not one byte may differ from that form. Decoding
// fails with data-loss, or with failed-precondition for another version.
std::string EncodeGeneration(const GenerationInfo& info);
Result<GenerationInfo> DecodeGeneration(std::string_view text);

// The generations of a run directory, by number; none where there is no such folder. A file that
// cannot be read or parsed keeps its number and has an empty host; `problems` (may be null) is
// told.
Result<std::vector<GenerationInfo>> ListGenerations(const std::string& run_directory,
                                                    std::vector<std::string>* problems);

// What can be said of a generation's holder in one look, for people ("ended", "running", "gone",
// "not known").
std::string DescribeHolder(const std::string& run_directory, const GenerationInfo& info);

class Generation {
 public:
  struct Timing {
    Duration beat = std::chrono::seconds(2);      // between rewrites of the counter
    Duration still = std::chrono::seconds(10);    // a counter that stood still so long is dead
    Duration give_up = std::chrono::seconds(30);  // of waiting for a counter that moves
  };

  // Waits for the newest generation's holder without blocking: call Poll until it is gone.
  class Waiter {
   public:
    Waiter(std::string run_directory, bool takeover, Timing timing);
    // True: nobody holds the run (no generation, an orderly end, a dead process of this host and
    // boot, a counter that stood still long enough, a generation of this very process, or
    // takeover). False: wait; note() says for whom. Fails with already-exists once a counter has
    // been moving for give_up.
    Result<bool> Poll();
    const std::string& note() const { return note_; }
    // The newest generation that the last Poll saw (0: none): what Claim is to follow.
    int64_t newest() const { return number_; }

   private:
    Result<bool> CounterStoodStill(const GenerationInfo& newest);

    std::string run_directory_, note_, counter_;
    bool takeover_;
    Timing timing_;
    int64_t number_ = -1;
    TimePoint began_{}, changed_{};
  };

  // Writes and links the generation after `after` (Waiter::newest(); without it, after the newest,
  // whoever holds that) and starts to beat. nullptr when another process was quicker: wait for it
  // again. Removes stale temporaries of generations/ and checkpoints/.
  // Fault points: generation.open, generation.write, generation.fsync (all can fail),
  // generation.link.before, generation.link.after.
  static Result<std::unique_ptr<Generation>> Claim(const std::string& run_directory,
                                                   GenerationInfo info, Timing timing,
                                                   std::optional<int64_t> after = std::nullopt);
  // Ends the beat and writes "ended": an orderly end. A killed process does not come here.
  ~Generation();

  const GenerationInfo& info() const;
  const std::string& run_directory() const;

  // Reads the folder. Fails with superseded when a larger number is there, and with not-found when
  // the own one is not: the run directory was removed. Any thread may call it.
  Status CheckNewest() const;
  // The first failure of a beat, which is then its last: superseded once another has taken over,
  // not-found once the run directory has gone,
  // io-error once folder or counter could not be used for Timing::still. Any thread may call it.
  Status Health() const;

 private:
  class Impl;
  explicit Generation(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The same as CheckNewest, for a process that does not hold the generation itself (rank 0 of a run
// whose coordinator is elsewhere).
Status CheckNewestGeneration(const std::string& run_directory, int64_t generation);

}  // namespace lockstep::storage
