// SPDX-License-Identifier: Apache-2.0
#include "cluster/cli/train_command.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/log.h"
#include "base/watch.h"
#include "cluster/cli/progress.h"
#include "cluster/cli/train_progress.h"
#include "cluster/launch/run_world.h"
#include "cluster/launch/stop_signals.h"
#include "cluster/recipes/conflicts.h"
#include "cluster/recipes/recipe.h"
#include "worker/run/train.h"

namespace lockstep::cluster {
namespace {

using worker::TrainConfig;

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
        << " ms a step, " << Number("%.0f", 100.0 * summary.exchange_share) << " % of it\n";
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
  config.run.directory =
      options.run_directory.empty() ? DefaultRunDirectory(options.recipe) : options.run_directory;
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

}  // namespace

std::string DefaultRunDirectory(const std::string& recipe) {
  return "runs/" + std::filesystem::path(recipe).stem().string();
}

Status RunTrain(const TrainOptions& options, Console* console) {
  LogOptions logging;  // what a person must know; the rest is told by the progress
  logging.level = LogLevel::kWarning;
  RETURN_IF_ERROR(StartLogging(logging));
  IgnoreFileSignals();
  WorldOptions world_options;
  world_options.ranks = options.ranks;
  world_options.coordinator_file = options.coordinator_file;
  world_options.listen = options.coordinator_listen;
  world_options.insecure_listen = options.insecure_listen;
  ASSIGN_OR_RETURN(const std::unique_ptr<RunWorld> world, RunWorld::Start(world_options));
  const Result<TrainConfig> loaded = ConfigOf(options, *world);
  if (loaded.ok()) world->SetSilenceLimit(Seconds(loaded->run.heartbeat_limit));
  Status ready = loaded.status();
  if (ready.ok() && !CheckStop(console->stop).ok()) ready = StoppedBeforeTheRun();
  if (const Status agreed = world->Agree(ready); !agreed.ok()) {
    if (agreed.code() == StatusCode::kCancelled) (void)world->Finish(ExitCodeOf(agreed.code()));
    return world->ToSay(agreed);
  }
  const TrainConfig& config = *loaded;
  // Several calls fit into the silence that is allowed: one that gets lost is repeated in time.
  const Duration call_limit = Seconds(std::min(config.run.heartbeat_limit / 4, 2.5));
  if (const Status met = world->StartCoordinator(call_limit); !met.ok()) return world->ToSay(met);
  const worker::TrainWorld ranks = world->ForTraining(console->stop);
  std::optional<TrainProgress> progress(std::in_place, config, options.progress, console,
                                        comm::SignalWarning(comm::ProcessEnvironment()));
  const auto summary = worker::Train(config, ranks, &*progress);
  progress.reset();  // removes the bar
  const Status ended = summary.status();
  world->WaitForOthers();
  if (ended.ok() && world->has_rank_zero()) PrintSummary(config, *summary, console->out);
  if (ended.ok() || ended.code() == StatusCode::kCancelled) {
    const Status finished = world->Finish(ExitCodeOf(ended.code()));
    if (ended.ok() && !finished.ok()) {
      const Status said = world->ToSay(finished);
      if (said.message().empty()) return said;
      return Status(said.code(), said.message() + "; the run itself is finished");
    }
  }
  return ended.ok() ? OkStatus() : WithRemedy(world->ToSay(ended), options.recipe);
}

}  // namespace lockstep::cluster
