// SPDX-License-Identifier: Apache-2.0
// `lockstep tune`: times the kernels that could run a recipe's nodes on this machine and writes the
// faster ones to a kernel file, which runs name with train.kernel_file.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/hash.h"
#include "cluster/cli/command.h"
#include "cluster/cli/progress.h"
#include "cluster/recipes/key_use.h"
#include "worker/measure/tuner.h"
#include "worker/model/run_setup.h"

namespace lockstep::cluster {
namespace {

struct TuneCommandOptions {
  std::string recipe;
  std::vector<std::string> overrides;  // key=value
  std::string out;                     // the file to write; one that is there is replaced
  double tune_seconds = 60.0;
};

Status WithPlaceRemedy(const Status& status) {
  if (status.ok()) return status;
  return Status(status.code(), status.message() + "; choose another place with --out");
}

std::string Milliseconds(double value) {
  char text[48];
  std::snprintf(text, sizeof(text), "%.4g ms", value);
  return text;
}

void PrintChoice(const worker::TunedChoice& tuned, std::ostream& out) {
  const storage::KernelFileChoice& c = tuned.choice;
  out << "  " << c.node << "\n    " << c.kernel << " " << c.algorithm << " "
      << Milliseconds(c.milliseconds) << ", not " << tuned.first;
  if (c.first_milliseconds > 0) {
    out << " " << Milliseconds(c.first_milliseconds) << "\n";
  } else {
    out << ", whose bits differ from run to run\n";
  }
}

void PrintReport(const worker::TuneReport& report, std::ostream& out) {
  out << report.nodes << " distinct nodes; of " << report.with_choice
      << " several kernels can run, of those " << report.decided
      << " were tried; another kernel than "
      << "the first is faster for " << report.choices.size() << "\n";
  for (const worker::TunedChoice& tuned : report.choices) PrintChoice(tuned, out);
  for (const std::string& dropped : report.dropped) {
    out << "left out, its bits differ from run to run: " << dropped << "\n";
  }
  if (report.decided < report.with_choice) {
    out << report.with_choice - report.decided
        << " nodes keep their first kernel untried: the time was over; give more with "
           "--tune-seconds\n";
  }
}

Status RunTune(const TuneCommandOptions& options, Console* console) {
  ASSIGN_OR_RETURN(worker::TrainConfig config,
                   LoadRecipeFor(TuneKeys(), options.recipe, options.overrides));
  if (config.reference_kernels()) {
    return InvalidArgument("recipe '" + options.recipe +
                           "' runs reference kernels (train.kernels = \"reference\" or "
                           "train.precision = \"fp64\"): there is nothing to choose; tune a recipe "
                           "with train.kernels = \"auto\" and fp32");
  }
  RETURN_IF_ERROR(WithPlaceRemedy(CheckWritable(options.out)));  // before the time is spent
  config.kernel_file.clear();  // the first kernels are what others must beat
  ASSIGN_OR_RETURN(const worker::RunSetup setup, worker::SetUp(config, {.stop = console->stop}));
  Progress progress(console, "tune", "nodes");
  worker::TuneOptions tune;
  tune.seconds = options.tune_seconds;
  tune.progress = [&](int64_t done, int64_t total, const ops::NodeSpec& node) {
    progress.Update(done, total, node.op->name);
  };
  tune.stop = console->stop;
  ASSIGN_OR_RETURN(const worker::TuneReport report,
                   worker::Tune(*setup.model, setup.device.get(), tune));
  progress.Finish(CountText(report.decided) + " nodes tried");
  ASSIGN_OR_RETURN(const storage::KernelFile file,
                   worker::MakeKernelFile(setup.device->spec(), report));
  ASSIGN_OR_RETURN(const std::string text, storage::EncodeKernelFile(file));
  RETURN_IF_ERROR(WithPlaceRemedy(WriteFileAtomic(options.out, text)));
  PrintReport(report, console->out);
  console->out << "wrote " << options.out << ", hash " << Hex64(storage::KernelFileHash(text))
               << "; runs of this build on this machine take it with train.kernel_file="
               << options.out << "\n";
  return OkStatus();
}

}  // namespace

Command TuneCommand() {
  const auto o = std::make_shared<TuneCommandOptions>();
  return {.name = "tune",
          .description = R"(Time the kernels a recipe could use, and write a kernel file.

Examples:
  lockstep tune cluster/recipes/lenet5-fashion-mnist.toml --out kernels.json
  lockstep tune cluster/recipes/lenet5-fashion-mnist.toml batch.lane_batch=64 --out kernels.json
  lockstep train cluster/recipes/lenet5-fashion-mnist.toml train.kernel_file=kernels.json

For each op and shape of the recipe's plans the first kernels are timed on this machine, the dearest
ops first, each alone on the threads of one lane. Another than the first is recorded where it is
faster by 5 %; what the file does not name takes its first kernel. Another file gives other bits, so
tune once, on a quiet machine, before a run begins; the run keeps a copy and goes on with it.
)",
          .options = {{"RECIPE", &o->recipe, "Recipe file (TOML)", {.required = true}},
                      Overrides(&o->overrides),
                      {"--out",
                       &o->out,
                       "File to write; replaced where it is there already",
                       {.required = true}},
                      {"--tune-seconds",
                       &o->tune_seconds,
                       "Time to spend, in all",
                       {.shows_default = true, .range = NumberRange{0.0, 1e6}}}},
          .run = [o](Console* console) { return RunTune(*o, console); },
          .at_stop = "ending without a kernel file"};
}

}  // namespace lockstep::cluster
