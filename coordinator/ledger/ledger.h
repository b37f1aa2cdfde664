// SPDX-License-Identifier: Apache-2.0
// The ledger: what happened in a run, as an index of its directory that can be thrown away. Steps
// with their digests, checkpoints, generations. It lies in RUN/ledger, or in the state directory
// where RUN's file system cannot lock. No decision reads it, but for one check: a step that is done
// again must give the digest it gave.
//
// A failing ledger fails no run: it is said once in the log, and the run goes on without.
// Thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "comm/coordinator.h"
#include "coordinator/ledger/ledger_store.h"
#include "storage/checkpoint/generation.h"

namespace lockstep::coordinator {

enum class CheckpointState : uint8_t { kVerified = 1, kLost = 2 };

struct CheckpointEntry {
  uint64_t digest = 0;
  int64_t generation = 0;
  CheckpointState state = CheckpointState::kVerified;
  bool operator==(const CheckpointEntry&) const = default;
};

struct LedgerOptions {
  std::string run_directory;
  std::string state_directory;         // where RUN cannot hold it; empty: nowhere
  storage::GenerationInfo generation;  // the one that opens it
  std::string build, hardware;         // what it computes with
};

class Ledger {
 public:
  // Only the holder of the generation calls this. It reconciles the ledger with the directory, and
  // builds it anew where it is missing or damaged. nullptr where the run must go on without; the
  // log says why.
  static std::unique_ptr<Ledger> Open(const LedgerOptions& options);

  // Notes steps of the branch of this generation. Fails with data-loss where one was there with
  // another digest, which is kept; nothing else fails.
  Status AddSteps(const std::vector<comm::StepDigest>& steps);
  // Notes a checkpoint that is in place; the entry is on the disk when this returns.
  void AddCheckpoint(const std::string& name, uint64_t digest);

  const std::string& directory() const { return directory_; }
  // What it holds; for tests and for people.
  Result<comm::StepDigest> FindStep(int32_t branch, int64_t step) const;
  Result<std::map<std::string, CheckpointEntry>> Checkpoints() const;
  Result<std::vector<int64_t>> Generations() const;

 private:
  Ledger(const LedgerOptions& options, std::string directory, std::unique_ptr<LedgerStore> store);

  Status Reconcile(bool made_anew);
  Status ReconcileCheckpoints();
  Status EnterGenerations();
  Status EnterSteps();
  Status ForgetStepsOfOtherPrograms();
  void Warn(const Status& status);

  const LedgerOptions options_;
  const std::string directory_;
  const std::unique_ptr<LedgerStore> store_;
  Mutex mutex_;  // one writer: a step is looked up, then written
  std::atomic<bool> warned_ = false;
};

}  // namespace lockstep::coordinator
