// SPDX-License-Identifier: Apache-2.0
// StepEngine: the one place where a training step is wired (exactness.md 4). A step is one phase of
// the task after the other (graph/tasks/task.h). In each the lanes of this rank run, their totals
// are added over all ranks, and where the loss allows it the gradients are reduced, the owners of
// the blocks update them, and every rank gathers the result. A phase whose loss is not finite ends
// its step: the phases before it stand. A phase that does not run in every step (PhaseSpec::every)
// is left out of the others.
//
// A step is launched and then collected. On a CPU the lanes of the first phase have run when Launch
// returns, and Collect does the rest: at most one step is under way.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/device/queue_stream.h"
#include "comm/communicator.h"
#include "storage/loader/batch.h"
#include "worker/config/train_config.h"
#include "worker/model/compiled_model.h"
#include "worker/model/memory_report.h"
#include "worker/model/model_state.h"
#include "worker/model/run_setup.h"
#include "worker/step/lane_runner.h"
#include "worker/step/parameter_update.h"

namespace lockstep::worker {

// What the host knows of a step before it runs.
struct StepHeader {
  double lr = 0.0;              // learning rate of this step
  int64_t applied_updates = 0;  // updates that were applied before this step
  // By phase, the same of those that do not run in every step; that of others says nothing. Empty:
  // as applied_updates.
  std::vector<int64_t> updates_of_phases = {};
  // The stage of the program; none: the last.
  std::optional<size_t> stage = std::nullopt;
  // By stage, how many of applied_updates came before it. Empty: none.
  std::vector<int64_t> updates_before_stages = {};
};

// How a step went. All but `batch` and `exchange` is the same on every rank.
struct StepReport {
  std::shared_ptr<const storage::StepBatch> batch;  // of this rank
  // The loss of the first phase, summed over all lanes.
  double numerator = 0.0, denominator = 0.0;
  double loss = 0.0;           // numerator / denominator; 0 where no lane had a row
  std::vector<double> losses;  // the same of every phase that ran; loss is the first
  int64_t rows = 0;            // of all lanes
  // The task's sums of all phases; those of a phase that did not run are of no samples.
  graph::Gathered sums;
  bool finite = true;                  // the loss of every lane was finite in every phase that ran
  bool applied = false;                // every phase of this step has updated its parameters
  std::vector<size_t> updated_phases;  // those that have, in their order
  bool stop_wanted = false;            // some rank was asked to stop
  Duration exchange{};  // how long this rank waited for others after its lanes were done
};

class StepEngine {
 public:
  struct Options {
    Range lanes;                // of this rank
    int32_t all_lanes = 1;      // V
    int32_t lanes_at_once = 1;  // threads that run lanes
    int64_t lane_batch = 1;     // rows of a full lane batch
    uint64_t seed = 0;          // of the lanes' random streams
    bool draw_state = true;  // the state starts as the seed draws it; else it is restored or loaded
    double clip_norm = 0.0;  // > 0: the global norm of the gradient is clipped to this
    bool skip_nonfinite = false;  // a step that is not finite skips its update; else it stops
    bool allreduce = false;       // sync = "allreduce" (ParameterUpdate::Options)
    int64_t bucket_bytes = ParameterUpdate::Options().bucket_bytes;
    // How long this rank waits for the others in each phase, from when its own lanes are done.
    Duration patience = std::chrono::minutes(10);
    const std::atomic<bool>* stop = nullptr;  // set: Make ends with cancelled; may be null
  };
  // The options of a recipe for a rank that has these lanes.
  static Options OptionsOf(const TrainConfig& config, const RunSetup& setup, Range lanes);

  // Allocates everything that steps need. `model` and `communicator` outlive the engine.
  static Result<std::unique_ptr<StepEngine>> Make(const CompiledModel* model,
                                                  comm::Communicator* communicator,
                                                  const Options& options);

  // Told what the step is at, each time that changes: "forward and backward", then "exchange"; of a
  // task with several phases with the phase's name. The text lives as long as the engine.
  using Announce = std::function<void(const char*)>;

  class Ticket {
    friend class StepEngine;
    std::shared_ptr<const storage::StepBatch> batch;
    StepHeader header;
    Announce announce;
  };
  // Begins a step: every lane of `batch` is run in the first phase. Fails only where a kernel does.
  // `announce` may be empty.
  Result<Ticket> Launch(std::shared_ptr<const storage::StepBatch> batch, const StepHeader& header,
                        Announce announce = {});
  // Ends the step: every rank calls it. `stop_wanted`: this rank was asked to stop, which the
  // report then tells every rank. Where a loss is not finite nothing is updated, and the caller
  // decides by the recipe whether to go on.
  Result<StepReport> Collect(Ticket ticket, bool stop_wanted);
  // Why the loss of a step was not finite: runs the first such lane again with checks, and names
  // lane, layer and op. Every rank calls it, all with the same result; never OK.
  Status Diagnose(const StepReport& report, Deadline deadline);

  // The hash H of the whole training state, which a digest is made of. Every rank calls it.
  Result<uint64_t> StateHash(Deadline deadline) { return update_->StateHash(&state_, deadline); }

  // Brings the averages of the parameters (Program::ema_slot) to every rank, in the place of the
  // parameters; the second call puts those back. No step may run between the two. Every rank calls
  // it.
  Status SwapAverages(Deadline deadline);

  ModelState& state() { return state_; }
  LaneWorkspaces& workspaces() { return *workspaces_; }
  const ParameterUpdate& update() const { return *update_; }
  // What else is exchanged between steps goes through the same stream, in the same order on all
  // ranks.
  Stream& stream() { return stream_; }
  // The bytes that this engine has allocated, but for batches.
  MemoryReport memory() const;

 private:
  // What a phase of a step is at, for people.
  struct PhaseTexts {
    std::string lanes, exchange;
  };

  // Runs the lanes of a phase.
  Status RunLanes(size_t phase, const Ticket& ticket);
  // Adds the totals of a phase whose lanes have run, and updates what it trains. Says in `report`
  // how it went.
  Status FinishPhase(size_t phase, const Ticket& ticket, bool stop_wanted, StepReport* report);
  StepEngine(const CompiledModel* model, comm::Communicator* communicator, const Options& options);

  const CompiledModel* model_;
  comm::Communicator* communicator_;
  const Options options_;
  std::vector<PhaseTexts> texts_;  // by phase
  std::unique_ptr<LaneWorkspaces> workspaces_;
  std::unique_ptr<ParameterUpdate> update_;
  ModelState state_;
  MirroredBuffer averages_;  // empty where none are kept
  bool swapped_ = false;     // state_ has the averages, and averages_ the parameters
  std::unique_ptr<LaneRunner> runner_;
  QueueStream stream_{"exchange"};  // last: its work reads and writes the fields above
};

}  // namespace lockstep::worker
