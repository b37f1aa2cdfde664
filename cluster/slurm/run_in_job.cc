// SPDX-License-Identifier: Apache-2.0
#include "cluster/slurm/run_in_job.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/file.h"
#include "base/format.h"
#include "base/log.h"
#include "cluster/launch/stop_signals.h"
#include "cluster/slurm/controller.h"

namespace lockstep::cluster {
namespace {

// A controller that is busy answers within seconds; ranks wait for this one meanwhile.
constexpr Duration kAskLimit = std::chrono::seconds(20);
// Less than mpirun's patience with a rank that ends later than the others.
constexpr auto kRequeueLimit = std::chrono::seconds(8);

Duration FromSeconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

double ToSeconds(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace

Result<std::unique_ptr<RunInJob>> RunInJob::Start(const SlurmJob& job, Options options) {
  std::unique_ptr<RunInJob> run(new RunInJob(job, std::move(options)));
  const std::string& directory = run->options_.run_directory;
  Result<std::optional<LastStop>> last = ReadLastStop(directory);
  if (last.ok()) run->last_ = *last;
  if (!last.ok()) {
    LOG(kWarning) << last.status().message() << "; it is written again";
  }
  (void)RemoveFileIfExists(directory + "/" + kRequeueFile);  // left by a start that is over
  RETURN_IF_ERROR(run->FindEnd());
  RETURN_IF_ERROR(run->CheckTime());
  return run;
}

Status RunInJob::FindEnd() {
  if (job_.end_time) {
    const auto end = std::chrono::system_clock::from_time_t(static_cast<time_t>(*job_.end_time));
    const auto left = end - std::chrono::system_clock::now();
    end_ = Clock::Real().Now() + std::chrono::duration_cast<Duration>(left);
  } else {
    const Result<std::optional<TimePoint>> asked = AskEnd(kAskLimit);
    if (!asked.ok()) {
      end_text_ = "when it ends is not known (" + asked.status().message() +
                  "): only a signal stops it in time";
      return OkStatus();
    }
    end_ = *asked;
  }
  end_text_ =
      end_ ? "it ends in " +
                 DurationText(ToSeconds(std::max(*end_ - Clock::Real().Now(), Duration::zero())))
           : "it has no time limit";
  return OkStatus();
}

Result<std::optional<TimePoint>> RunInJob::AskEnd(Duration limit) const {
  ASSIGN_OR_RETURN(const JobState state, AskForJob(job_, Deadline::In(limit)));
  if (!state.left) return std::optional<TimePoint>();
  return std::optional<TimePoint>(Clock::Real().Now() + *state.left);
}

Duration RunInJob::Cost() const {
  const Duration before = FromSeconds(last_ ? last_->stop_seconds : 0.0);
  // Until this start has measured a checkpoint, what the start before has measured stands.
  return cost_.checkpoint() > Duration::zero() ? cost_.total() : std::max(before, cost_.total());
}

Status RunInJob::CheckTime() const {
  if (!end_ || options_.margin == Duration::zero()) return OkStatus();
  const Duration left = std::max(*end_ - Clock::Real().Now(), Duration::zero());
  const Duration cost = Cost();
  if (left > options_.margin + cost) return OkStatus();
  const std::string measured =
      cost > Duration::zero()
          ? "a step and a checkpoint of this run have taken " + SecondsText(cost) + ", and "
          : "";
  return FailedPrecondition(
      "SLURM job " + job_.name + " ends in " + SecondsText(left) + ", too soon to train: " +
      measured + "run.job_margin = " + Format("%g", ToSeconds(options_.margin)) +
      " keeps that many seconds free before the end; ask for more with sbatch --time, or set "
      "run.job_margin lower (0: the run does not watch the job's time)");
}

void RunInJob::Join(worker::TrainWorld* world) {
  world->stop_cost = &cost_;
  world->summary = &summary_;
}

Status RunInJob::WatchTime() {
  if (!end_ || options_.margin == Duration::zero()) return OkStatus();
  JobClock::Options options;
  options.margin = options_.margin;
  options.cost = [this] { return Cost(); };
  // What is left of the margin is for the stop itself.
  options.ask_end = [this] { return AskEnd(std::min(kAskLimit, options_.margin / 3)); };
  options.stop = [](const std::string& reason) { RequestStop(reason); };
  ASSIGN_OR_RETURN(clock_, JobClock::Start(*end_, std::move(options)));
  return OkStatus();
}

void RunInJob::NoteStop() {
  end_wanted_ = EndIsWanted();
  // SLURM ends the job's processes once it is queued again: this one has no more to do than that.
  IgnoreEndSignals();
}

void RunInJob::AfterStop(Console* console) {
  clock_.reset();
  if (summary_.generation == 0) {  // nothing was begun that could go on
    if (!options_.requeue) return;
    console->err << "lockstep: SLURM job " << job_.name
                 << " is not queued again: it was stopped before its run began" << std::endl;
    return;
  }
  const StartInJob start{summary_.branch, summary_.resumed_from_step, cost_.newest_checkpoint(),
                         end_wanted_};
  LastStop stop;
  stop.job = job_.id;
  stop.restarts = job_.restarts;
  stop.branch = start.branch;
  stop.step = std::max(start.checkpoint, start.began_at);
  stop.stop_seconds = ToSeconds(Cost());
  const Status wanted = options_.requeue ? ShouldRequeue(job_, start, last_)
                                         : Cancelled("train --requeue was not given");
  stop.requeue = wanted.ok();
  const Status written = WriteLastStop(options_.run_directory, stop);
  if (!written.ok()) {
    LOG(kWarning) << "how this start ended could not be kept: " << written.message();
  }
  if (!options_.requeue) return;
  if (!wanted.ok() || !written.ok()) {
    const std::string why = wanted.ok() ? written.message() : wanted.message();
    console->err << "lockstep: SLURM job " << job_.name << " is not queued again: " << why
                 << std::endl;
    return;
  }
  QueueAgain(console);
}

void RunInJob::QueueAgain(Console* console) const {
  const Status queued = RequeueJob(job_, Deadline::In(kRequeueLimit));
  if (queued.ok()) {
    console->err << "lockstep: SLURM job " << job_.name << " is queued again" << std::endl;
    return;
  }
  const std::string file = options_.run_directory + "/" + kRequeueFile;
  const Status left = WriteFileAtomic(file, "");
  console->err << "lockstep: warning: SLURM job " << job_.name << " could not be queued again ("
               << queued.message()
               << "): " << (left.ok() ? "'" + file + "' tells its script to do it" : left.message())
               << "; by hand, where SLURM's commands are: scontrol requeue " << job_.name
               << std::endl;
}

}  // namespace lockstep::cluster
