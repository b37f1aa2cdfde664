// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/train_command.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/cores.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/watch.h"
#include "cluster/cli/command.h"
#include "cluster/cli/progress.h"
#include "cluster/cli/train_progress.h"
#include "cluster/launch/run_world.h"
#include "cluster/launch/stop_signals.h"
#include "cluster/recipes/conflicts.h"
#include "cluster/recipes/recipe.h"
#include "cluster/recipes/schema.h"
#include "cluster/slurm/placement.h"
#include "cluster/slurm/run_in_job.h"
#include "worker/report/run_place.h"
#include "worker/run/train.h"

namespace lockstep::cluster {
namespace {

using worker::TrainConfig;

struct TrainOptions {
  std::string recipe;
  std::vector<std::string> overrides;        // key=value
  std::optional<std::string> run_directory;  // absent: runs/<the recipe's file name>
  std::optional<int> ranks;                  // as threads of this process
  int cores = 0;                             // 0: as the recipe says
  bool overwrite = false;                    // begin the run in the directory anew
  bool takeover = false;                     // take it from whoever holds it
  bool new_bits = false;                     // go on with another build or hardware kind
  std::string coordinator_file;              // of a coordinator elsewhere
  std::string coordinator_listen = "127.0.0.1:0";
  bool insecure_listen = false;
  bool requeue = false;  // the SLURM job, after a stop
  bool no_progress = false;
  bool list_keys = false;  // and nothing else
};

std::string Number(const char* format, double value) {
  char text[48];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

Duration Seconds(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

// Commands and files, with what they are for beside them.
void PrintHowToGoOn(const TrainConfig& config, std::ostream& out) {
  const std::string& run = config.run.directory;
  std::vector<std::pair<std::string, std::string>> rows = {
      {"lockstep eval " + run, "evaluate the trained weights again"},
      {"lockstep ckpt ls " + run, "its checkpoints"},
      {run + "/results.csv", "losses and metrics of each epoch"},
      {run + "/model.safetensors", "the weights, under torchvision's names"},
      {run + "/recipe.toml", "every setting and where it came from"}};
  if (config.ema_decay > 0) {
    rows.insert(rows.end() - 1, {run + "/model_ema.safetensors", "their moving average"});
  }
  if (!config.data.val.empty() && config.checkpoint.keep_best) {
    rows.insert(rows.begin() + 1,
                {"lockstep eval " + run + "@best", "the checkpoint of the best evaluation"});
  }
  size_t width = 0;
  for (const auto& [what, text] : rows) width = std::max(width, what.size());
  out << "\nHow to go on:\n";
  for (const auto& [what, text] : rows) {
    out << "  " << what << std::string(width - what.size() + 2, ' ') << text << "\n";
  }
}

void PrintSummary(const TrainConfig& config, const worker::TrainSummary& summary,
                  std::ostream& out) {
  if (summary.was_finished) {
    out << config.run.directory << " is finished already: " << CountText(summary.step)
        << " steps, digest " << Hex64(summary.digest)
        << "; nothing was done. To train it anew: --overwrite\n";
    return;
  }
  out << "Trained " << CountText(summary.epoch, "epoch") << ", " << CountText(summary.step, "step")
      << " in " << DurationText(summary.seconds) << " (" << RateText(summary.images_per_second)
      << ")";
  if (summary.skipped_steps > 0) {
    out << "; " << CountText(summary.skipped_steps, "step") << " skipped, not finite";
  }
  out << "\n";
  if (!config.data.val.empty()) {
    out << "Split " << config.data.val << ": loss " << Number("%.4f", summary.val_loss)
        << MetricTexts(summary.metrics) << "\n";
  }
  const std::string& run = config.run.directory;
  if (summary.world_size > 1) {
    out << "exchange and waiting for ranks " << Number("%.2f", summary.exchange_ms)
        << " ms per step, " << Number("%.0f", 100.0 * summary.exchange_share) << " % of it\n";
  }
  out << "digest " << Hex64(summary.digest)
      << (summary.sync == "lockstep" ? ""
                                     : "; sync = \"" + summary.sync +
                                           "\": not lockstep, another number of ranks gives "
                                           "other bits")
      << "\n"
      << "run directory " << run << "\n";
  PrintHowToGoOn(config, out);
}

Status WithRemedy(const Status& status, const std::string& recipe) {
  if (status.code() != StatusCode::kNonFinite || status.message().empty()) return status;
  return NonFinite(status.message() +
                   "\ntry a smaller optimizer.lr, a warm-up (schedule.warmup_epochs) or "
                   "optimizer.clip_norm; `lockstep data order " +
                   recipe + " --step ...` lists the samples of the step");
}

Result<TrainConfig> ConfigOf(const TrainOptions& options, const RunWorld& world) {
  ASSIGN_OR_RETURN(TrainConfig config, LoadRecipe(options.recipe, options.overrides));
  config.run.directory = options.run_directory.value_or(DefaultRunDirectory(options.recipe));
  config.run.ranks = world.size();
  config.run.ranks_here = world.ranks_here();
  config.run.ranks_on_cores = world.ranks_on_cores();
  config.run.overwrite = options.overwrite;
  config.run.takeover = options.takeover;
  config.run.new_bits = options.new_bits;
  if (options.cores > 0) config.run.cores = options.cores;
  ASSIGN_OR_RETURN(const auto launch, comm::ReadLaunchEnvironment(comm::ProcessEnvironment()));
  const bool alone = launch.launcher == comm::Launcher::kAlone;
  RETURN_IF_ERROR(CheckRanks(config, alone ? "" : launch.name));
  return config;
}

// Of rank 0 within a SLURM job; null elsewhere.
Result<std::unique_ptr<RunInJob>> StartInSlurm(const TrainOptions& options,
                                               const TrainConfig& config, const RunWorld& world) {
  const auto job = ReadSlurmJob(comm::ProcessEnvironment());
  if (!job && options.requeue) {
    return InvalidArgument(
        "--requeue queues a SLURM job again, and this is none (no SLURM_JOB_ID in the "
        "environment); leave it out");
  }
  if (job) {
    ASSIGN_OR_RETURN(const auto launch, comm::ReadLaunchEnvironment(comm::ProcessEnvironment()));
    RETURN_IF_ERROR(CheckTasks(*job, launch, options.ranks.has_value()));
  }
  if (!job || !world.has_rank_zero()) return std::unique_ptr<RunInJob>();
  return RunInJob::Start(*job,
                         {config.run.directory, Seconds(config.run.job_margin), options.requeue});
}

// The first lines of a run: where its ranks are.
void TellPlacement(const RunWorld& world, const RunInJob* job, TrainProgress* progress) {
  if (!world.has_rank_zero()) return;
  Placement placement;
  placement.job = ReadSlurmJob(comm::ProcessEnvironment());
  if (job != nullptr) placement.end_text = job->end_text();
  if (auto launch = comm::ReadLaunchEnvironment(comm::ProcessEnvironment()); launch.ok()) {
    placement.launch = *std::move(launch);
  }
  placement.ranks = world.size();
  placement.cores = AvailableCores();
  placement.machine_cores = static_cast<int32_t>(std::thread::hardware_concurrency());
  placement.hosts = world.hosts();
  const std::string line = DescribePlacement(placement);
  if (!line.empty()) progress->OnNote(line);
  for (const std::string& warning : PlacementWarnings(placement)) {
    progress->OnNote("warning: " + warning);
  }
}

Result<std::unique_ptr<RunWorld>> StartWorld(const TrainOptions& options) {
  WorldOptions world;
  world.ranks = options.ranks;
  world.coordinator_file = options.coordinator_file;
  world.listen = options.coordinator_listen;
  world.insecure_listen = options.insecure_listen;
  return RunWorld::Start(world);
}

// What is left to do and to say once training has ended, well or not. `job` may be null.
Status EndRun(const TrainOptions& options, const TrainConfig& config,
              const Result<worker::TrainSummary>& summary, RunWorld* world, RunInJob* job,
              Console* console) {
  const Status& ended = summary.status();
  const bool stopped = ended.code() == StatusCode::kCancelled;
  if (job != nullptr && stopped) job->NoteStop();
  world->WaitForOthers();
  if (ended.ok() && world->has_rank_zero()) PrintSummary(config, *summary, console->out);
  if (ended.ok() || stopped) {
    const Status finished = world->Finish(ExitCodeOf(ended.code()));
    if (ended.ok() && !finished.ok()) {
      const Status said = world->ToSay(finished);
      if (said.message().empty()) return said;
      return Status(said.code(), said.message() + "; the run itself is finished");
    }
    if (job != nullptr && stopped) job->AfterStop(console);
  }
  return ended.ok() ? OkStatus() : WithRemedy(world->ToSay(ended), options.recipe);
}

Status RunTrain(const TrainOptions& options, Console* console) {
  LogOptions logging;  // what a person must know; the rest is told by the progress
  logging.level = LogLevel::kWarning;
  RETURN_IF_ERROR(StartLogging(logging));
  IgnoreFileSignals();
  ASSIGN_OR_RETURN(const std::unique_ptr<RunWorld> world, StartWorld(options));
  const Result<TrainConfig> loaded = ConfigOf(options, *world);
  if (loaded.ok()) world->SetSilenceLimit(Seconds(loaded->run.heartbeat_limit));
  Status ready = loaded.status();
  if (ready.ok() && !CheckStop(console->stop).ok()) ready = StoppedBeforeTheRun();
  std::unique_ptr<RunInJob> job;
  if (ready.ok()) {
    auto started = StartInSlurm(options, *loaded, *world);
    ready = started.status();
    if (started.ok()) job = *std::move(started);
  }
  if (const Status agreed = world->Agree(ready); !agreed.ok()) {
    if (agreed.code() == StatusCode::kCancelled) (void)world->Finish(ExitCodeOf(agreed.code()));
    return world->ToSay(agreed);
  }
  const TrainConfig& config = *loaded;
  // Several calls fit into the silence that is allowed: one that gets lost is repeated in time.
  const Duration call_limit = Seconds(std::min(config.run.heartbeat_limit / 4, 2.5));
  if (const Status met = world->StartCoordinator(call_limit); !met.ok()) return world->ToSay(met);
  worker::TrainWorld ranks = world->ForTraining(console->stop);
  if (job != nullptr) {
    job->Join(&ranks);
    // The other ranks train already: without the clock the run goes on too.
    if (const Status watched = job->WatchTime(); !watched.ok()) {
      LOG(kWarning) << "only a signal stops this run before the SLURM job's time ends: "
                    << watched.message();
    }
  }
  std::optional<TrainProgress> progress(std::in_place, config, !options.no_progress, console,
                                        comm::SignalWarning(comm::ProcessEnvironment()));
  TellPlacement(*world, job.get(), &*progress);
  const auto summary = worker::Train(config, ranks, &*progress);
  progress.reset();  // removes the bar
  return EndRun(options, config, summary, world.get(), job.get(), console);
}

Status RunTrainOrListKeys(const TrainOptions& options, Console* console) {
  if (options.list_keys) {
    console->out << ListRecipeKeys();
    return OkStatus();
  }
  if (options.recipe.empty()) {
    return InvalidArgument(
        "RECIPE is required, for example cluster/recipes/lenet5-fashion-mnist.toml; see "
        "`lockstep train --help`");
  }
  if (options.run_directory && options.run_directory->empty()) {
    return worker::CheckRunPlace(*options.run_directory);
  }
  return RunTrain(options, console);
}

}  // namespace

std::string DefaultRunDirectory(const std::string& recipe) {
  return "runs/" + std::filesystem::path(recipe).stem().string();
}

Command TrainCommand() {
  const auto o = std::make_shared<TrainOptions>();
  return {
      .name = "train",
      .description = R"(Train a model as a recipe says.

Examples:
  lockstep train cluster/recipes/lenet5-fashion-mnist.toml
  lockstep train cluster/recipes/lenet5-fashion-mnist.toml train.epochs=2 optimizer.lr=0.05
  lockstep train cluster/recipes/lenet5-fashion-mnist.toml --ranks 4 --run runs/four
  mpirun -np 2 lockstep train cluster/recipes/lenet5-fashion-mnist.toml
  lockstep recipe --keys

The same command on the same run directory goes on from its last checkpoint, with any number of
ranks. `lockstep slurm-script` makes it a SLURM job. To stop a run: kill -USR1 (of mpirun too),
which finishes the step, writes a checkpoint and ends with exit code 75. As root, mpirun wants
OMPI_ALLOW_RUN_AS_ROOT=1 and OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 in the environment.
)",
      .options =
          {{"RECIPE", &o->recipe, "Recipe file (TOML)"},
           Overrides(&o->overrides),
           {"--run", &o->run_directory, "Run directory; default: runs/<the recipe's file name>"},
           {"--ranks", &o->ranks,
            "Ranks, as threads of this process; at most lanes. Not under mpirun or srun, which say "
            "it themselves"},
           {"--cores",
            &o->cores,
            "Cores to use; 0: as the recipe says",
            {.range = IntegerRange{0, 65536}}},
           {"--overwrite", &o->overwrite,
            "Begin the run in the run directory anew; its checkpoints are removed"},
           {"--takeover", &o->takeover, "Take the run from a process that seems to hold it still"},
           {"--new-bits", &o->new_bits,
            "Go on with another build or kind of hardware, as a new branch"},
           {"--coordinator", &o->coordinator_file,
            "File written by `lockstep coordinator`; default: rank 0 hosts one"},
           {"--coordinator-listen",
            &o->coordinator_listen,
            "Where the coordinator of rank 0 listens, under mpirun or srun",
            {.shows_default = true}},
           {"--insecure-listen", &o->insecure_listen,
            "Allow it to listen, in plaintext, where other machines reach it"},
           {"--requeue", &o->requeue,
            "In a SLURM job: after a stop by USR1, USR2 or the job's time, have it queued again, "
            "if the run has advanced"},
           {"--no-progress", &o->no_progress, "No progress bar and no line for each step"},
           {"--keys", &o->list_keys, "List every key a recipe may hold, and exit"}},
      .run = [o](Console* console) { return RunTrainOrListKeys(*o, console); },
      .at_stop = "finishing the step and writing a checkpoint"};
}

}  // namespace lockstep::cluster
