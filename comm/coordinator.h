// SPDX-License-Identifier: Apache-2.0
// Coordinator: what ranks and the coordinator of a run say to one another; four calls, plain data.
// worker calls it, coordinator/run implements it, comm/rpc carries it between processes; a lone
// process calls its own coordinator directly. Nothing here is on the hot path: one heartbeat a
// second.
//
// Every message after registration carries the generation; one of an older generation is refused
// with superseded.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/ids.h"
#include "base/range.h"
#include "base/status.h"

namespace lockstep::comm {

// Who a rank is. Ranks whose build, hardware or fingerprint differ from rank 0's are refused.
struct MemberInfo {
  Rank rank;
  int32_t world_size = 1;
  std::string host;
  int64_t pid = 0;
  std::string build;         // hash of the program and the libraries that compute
  std::string hardware;      // kind of hardware (docs/formats.md, "Checkpoint")
  uint64_t fingerprint = 0;  // hash of what fixed kernels give on fixed input
  // These make up ProcessIdentity (base/process.h) with host and pid: a rank whose process is
  // certainly gone is lost at once, without any silence. They are empty where they are not known.
  std::string boot_id, pid_namespace, process_start;
};

// What the run is: equal on all ranks, or the rank that differs from rank 0 is refused.
struct RunInfo {
  std::string run_directory;  // absolute
  // Sorted lines "name=value\n" of the recipe's keys that differ from their defaults, by role;
  // among the fixed ones the hash of the kernel file, "train.kernel_file=<16 hexadecimal digits>".
  std::string fixed_keys, branch_keys;
  std::string
      unlisted_keys;  // the same of every key, with its value where it is not listed; for messages
  uint64_t recipe_hash = 0;
  Hash128Value dataset_digest;
  // The epoch order (storage::OrderSpec), from which shards are dealt.
  int64_t samples = 0, shard_size = 0, window_shards = 0, lane_batch = 0;
  int32_t lanes = 1;
  uint64_t seed = 0;
  int64_t total_steps = 0;  // the step at which the run is finished
  // What the command line asked for.
  bool takeover = false;          // take the run from whoever holds it
  bool overwrite = false;         // begin anew: a new branch from step 0
  bool new_bits = false;          // accept another build or hardware kind: a new branch
  double heartbeat_limit = 10.0;  // seconds of silence after which a rank counts as lost
};

struct RegisterRequest {
  MemberInfo member;
  RunInfo run;
};

// What a rank is to do.
struct Assignment {
  int64_t generation = 0;
  int32_t branch = 1;
  Range lanes;                // [begin, end) of the recipe's lanes
  std::vector<Range> shards;  // of the first epoch: ranges of the split's shard numbers, increasing
  std::string checkpoint;     // directory to resume from, relative to the run's; empty: step 0
  int64_t step = 0;           // of that checkpoint
  uint64_t digest = 0;        // of that checkpoint
  bool finished = false;      // the checkpoint is the run's end: nothing is left to do
};

struct RegisterReply {
  bool accepted = false;  // false: register again in a moment; `note` says what is waited for
  std::string note;       // for a person
  Assignment assignment;  // if accepted
  std::vector<std::string> notes;  // if accepted: what was decided and why, one line each
};

struct StepDigest {
  int64_t step = 0;
  uint64_t digest = 0;
  uint64_t loss_bits = 0;
};

struct HeartbeatRequest {
  int64_t generation = 0;
  Rank rank;
  std::string phase;                // "forward", "exchange", "evaluation", ...
  int64_t step = 0;                 // global steps done
  std::vector<StepDigest> digests;  // since the last heartbeat; rank 0 only
  bool stop_wanted = false;         // the rank was asked to stop
};

// A failed Status in the reply (not the failure of the call) tells the rank to end with it.
struct HeartbeatReply {
  Status stop;
  bool stop_wanted = false;  // some rank was asked to stop
};

struct CommitRequest {
  int64_t generation = 0;
  Rank rank;
  std::string checkpoint;  // name, as b01-s0000001200
  int64_t step = 0;
  uint64_t digest = 0;
};

struct LeaveRequest {
  int64_t generation = 0;
  Rank rank;
  Status status;        // why; OK: the run is finished
  int64_t step = 0;     // global steps done
  uint64_t digest = 0;  // of that step
};

class Coordinator {
 public:
  virtual ~Coordinator() = default;
  // Registers a rank, and returns at once. The rank calls it again until it is accepted, or refused
  // by a failed status.
  virtual Result<RegisterReply> Register(const RegisterRequest& request) = 0;
  virtual Result<HeartbeatReply> Heartbeat(const HeartbeatRequest& request) = 0;
  // Enters a checkpoint that is in place into the ledger.
  virtual Status Commit(const CommitRequest& request) = 0;
  // Called by a rank that ends, well or not. After a failure the other ranks are told in the reply
  // to their heartbeats.
  virtual Status Leave(const LeaveRequest& request) = 0;
};

}  // namespace lockstep::comm
