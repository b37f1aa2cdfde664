// SPDX-License-Identifier: Apache-2.0
// RunInJob: what rank 0 of a run does because the run is a SLURM job: it stops the run before the
// job's time ends, keeps how the start ended (last_stop.h), and has the job queued again where that
// is wished and the run advances.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "cluster/console/console.h"
#include "cluster/slurm/job_clock.h"
#include "cluster/slurm/last_stop.h"
#include "cluster/slurm/slurm_job.h"
#include "worker/run/train.h"

namespace lockstep::cluster {

class RunInJob {
 public:
  struct Options {
    std::string run_directory;
    Duration margin = std::chrono::seconds(60);  // run.job_margin; zero: the time is not watched
    bool requeue = false;                        // the job is to be queued again after a stop
  };

  // Asks SLURM when the job ends, if the environment does not say it. Failed-precondition where so
  // little time is left that the run would have to stop as soon as it has begun.
  static Result<std::unique_ptr<RunInJob>> Start(const SlurmJob& job, Options options);

  // "it ends in 59 min 30 s", or why that is not known; for the line about the job.
  const std::string& end_text() const { return end_text_; }

  // Has `world` note what this needs to know of the run. It outlives the training.
  void Join(worker::TrainWorld* world);
  // From now on the run is asked to stop (stop_signals.h) when its time has come.
  Status WatchTime();
  // Once the run was stopped, before any rank of it ends: notes whether somebody wants it to end
  // for good. Signals from now on are no such wish: mpirun sends TERM to the others when one rank
  // ends.
  void NoteStop();
  // After NoteStop, once all ranks have ended the run: writes slurm.json and, where that
  // is wished and right, has the job queued again. What comes of it is said on `console`.
  void AfterStop(Console* console);

 private:
  RunInJob(SlurmJob job, Options options) : job_(std::move(job)), options_(std::move(options)) {}
  Status FindEnd();
  Status CheckTime() const;
  Result<std::optional<TimePoint>> AskEnd(Duration limit) const;
  Duration Cost() const;
  void QueueAgain(Console* console) const;

  const SlurmJob job_;
  const Options options_;
  std::optional<TimePoint> end_;
  std::string end_text_;
  std::optional<LastStop> last_;
  worker::StopCost cost_;
  worker::TrainSummary summary_;
  bool end_wanted_ = false;          // when the run was stopped
  std::unique_ptr<JobClock> clock_;  // last: it uses the fields above
};

}  // namespace lockstep::cluster
