// SPDX-License-Identifier: Apache-2.0
// One function a command: its options and the call. Everything CLI11 throws is caught in Run.
#include "cluster/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <memory>

#include "base/exceptions.h"
#include "base/process_limits.h"
#include "base/suggest.h"
#include "cluster/bench/bench_comm.h"
#include "cluster/bench/bench_step.h"
#include "cluster/cli/ckpt_command.h"
#include "cluster/cli/ckpt_rewind.h"
#include "cluster/cli/coordinator_command.h"
#include "cluster/cli/data_command.h"
#include "cluster/cli/eval_command.h"
#include "cluster/cli/explain_command.h"
#include "cluster/cli/models_command.h"
#include "cluster/cli/train_command.h"
#include "cluster/cli/tune_command.h"
#include "cluster/doctor/doctor.h"
#include "cluster/launch/launcher_process.h"
#include "cluster/launch/stop_watcher.h"
#include "cluster/recipes/schema.h"
#include "storage/importers/importer.h"
#include "worker/report/run_place.h"

namespace lockstep::cluster {
namespace {

// Lists a command by the first line of its description; the rest are its examples.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(34); }
  std::string make_subcommand(const CLI::App* command) const override {
    const std::string description = command->get_description();
    std::ostringstream out;
    CLI::detail::format_help(out, command->get_name(),
                             description.substr(0, description.find('\n')), column_width_);
    return out.str();
  }
};

const char kDescription[] =
    R"(Lockstep trains vision models with the same bits on any number of workers.

Examples:
  lockstep data import fashion-mnist /usr/share/datasets/fashion-mnist --out data/fashion-mnist.ldb
  lockstep train cluster/recipes/lenet5-fashion-mnist.toml
  lockstep eval runs/lenet5-fashion-mnist
  lockstep train --help
)";

const char kFooter[] =
    R"(Exit codes: 0 done, 64 wrong usage or recipe, 65 damaged data, 66 not found, 68 too late,
69 a peer is gone, 70 internal, 71 disk or memory full, 73 exists already, 74 input or output,
75 stopped on request, 76 superseded, 77 not permitted, 78 environment, 79 not finite; all of them
with remedies: docs/errors.md.)";

bool IsDecimal(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const bool padded = text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
  return !padded && text.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
}

// Numbers as people read them: CLI11 takes 010 for 8, 0x10 for 16 and 1'0 for 10.
CLI::Validator Decimal() {
  return CLI::Validator(
      [](std::string& text) {
        return IsDecimal(text) ? std::string() : "'" + text + "' is no decimal number";
      },
      "");
}

void WantDecimals(CLI::App* command) {
  for (CLI::Option* option : command->get_options()) {
    const std::string type = option->get_type_name();
    if (type.starts_with("INT") || type.starts_with("UINT") || type.starts_with("FLOAT")) {
      option->check(Decimal());
    }
  }
  for (CLI::App* inner : command->get_subcommands([](CLI::App*) { return true; })) {
    WantDecimals(inner);
  }
}

CLI::Range NotNegative() { return {int64_t{0}, std::numeric_limits<int64_t>::max()}; }

// The program's commands bound to option structs, which live as long as this.
class CommandLine {
 public:
  explicit CommandLine(Console* console) : console_(console) {
    app_.set_help_flag("-h,--help", "Print this help and exit");
    app_.formatter(std::make_shared<HelpFormatter>());
    app_.footer(kFooter);
    app_.set_version_flag("--version", std::string("lockstep ") + LOCKSTEP_VERSION);
    AddDataCommands();
    AddTrain();
    AddCheckpointCommands();
    AddCoordinator();
    AddBench();
    AddEval();
    AddExplain();
    AddTune();
    AddModels();
    AddDoctor();
    WantDecimals(&app_);
  }

  int Run(std::vector<std::string> arguments) {
    if (!arguments.empty() && arguments[0] == "help") {
      arguments.erase(arguments.begin());
      arguments.push_back("--help");
    }
    Status status = CheckCommandNames(arguments);
    if (status.ok()) {
      status = CatchAll("a library failed", [&] { return ParseAndRun(arguments); });
    }
    console_->out.flush();
    if (status.ok()) status = OutputStatus();
    if (status.ok()) return 0;
    if (!status.message().empty()) {  // empty: another rank says it
      const bool asked = status.code() == StatusCode::kCancelled;
      console_->err << (asked ? "lockstep: " : "lockstep: error: ") << status.message()
                    << std::endl;
    }
    return ExitCodeOf(status.code());
  }

 private:
  using Command = std::function<Status()>;

  // A command whose results nobody can read has not done its work.
  Status OutputStatus() const {
    if (console_->out_error == nullptr || *console_->out_error == 0) return OkStatus();
    return IoError(std::string("cannot write to standard output: ") +
                   std::strerror(*console_->out_error) +
                   "; the command has done its work, and what it was to print is lost: free some "
                   "space or send it elsewhere, and give the command again");
  }

  CLI::App* Add(CLI::App* parent, const std::string& name, const std::string& description,
                Command run) {
    CLI::App* command = parent->add_subcommand(name, description);
    if (run) commands_.emplace_back(command, std::move(run));
    return command;
  }

  // The command looks at Console::stop; `doing` is said when it is set.
  void LooksAtStop(const CLI::App* command, const std::string& doing) {
    manners_[command] = {.looks = true, .doing = doing};
  }

  static void AddOverrides(CLI::App* command, std::vector<std::string>* overrides) {
    command->add_option("key=value", *overrides,
                        "Settings that replace the recipe's, for example optimizer.lr=0.05");
  }

  void AddDataCommands() {
    CLI::App* data = Add(&app_, "data", R"(Import, inspect and verify datasets.

Examples:
  lockstep data import fashion-mnist /usr/share/datasets/fashion-mnist --out data/fashion-mnist.ldb
  lockstep data info data/fashion-mnist.ldb
)",
                         nullptr);
    AddDataImport(data);
    AddDataReaders(data);
    AddDataOrder(data);
  }

  void AddDataImport(CLI::App* data) {
    CLI::App* command = Add(data, "import", R"(Make a dataset from its source.

Examples:
  lockstep data import fashion-mnist /usr/share/datasets/fashion-mnist --out data/fashion-mnist.ldb
  lockstep data import idx ~/mnist --out data/mnist.ldb --threads 2
)",
                            [this] { return RunDataImport(import_, console_); });
    LooksAtStop(command, "removing what was imported so far");
    std::string kinds;
    for (const storage::ImporterKind& kind : storage::ImporterKinds()) {
      kinds += "\n  " + kind.name + ": " + kind.summary;
    }
    command->footer("Sources:" + kinds);
    command->add_option("SOURCE", import_.source, "What kind of source it is, see below")
        ->required();
    command->add_option("PATH", import_.path, "Where the source is")->required();
    command->add_option("--out", import_.out, "Directory of the dataset to make")->required();
    command->add_option("--threads", import_.threads, "Threads; 0: one a core")
        ->check(CLI::Range(0, 1024));
    command->add_option("--shard-size", import_.shard_size, "Consecutive samples a shard")
        ->capture_default_str()
        ->check(CLI::Range(1, 1 << 20));
    command->add_flag("--replace", import_.replace,
                      "Replace the dataset at --out once the new one is complete");
  }

  void AddDataReaders(CLI::App* data) {
    CLI::App* info = Add(data, "info", R"(Say what a dataset holds.

Examples:
  lockstep data info data/fashion-mnist.ldb
  lockstep data info data/fashion-mnist.ldb --json
)",
                         [this] { return RunDataInfo(info_, console_); });
    info->add_option("DB", info_.dataset, "Directory of the dataset")->required();
    info->add_flag("--json", info_.json, "As JSON");

    CLI::App* verify = Add(data, "verify", R"(Read every byte of a dataset and name what is damaged.

Examples:
  lockstep data verify data/fashion-mnist.ldb
)",
                           [this] { return RunDataVerify(verify_dataset_, console_); });
    LooksAtStop(verify, "ending");
    verify->add_option("DB", verify_dataset_, "Directory of the dataset")->required();

    CLI::App* show = Add(data, "show", R"(Print one sample: source, label and a drawing.

Examples:
  lockstep data show data/fashion-mnist.ldb 42
)",
                         [this] { return RunDataShow(show_, console_); });
    show->add_option("DB", show_.dataset, "Directory of the dataset")->required();
    show->add_option("ID", show_.id, "Sample id, from 0")->required()->check(NotNegative());
  }

  void AddDataOrder(CLI::App* data) {
    CLI::App* command = Add(data, "order", R"(Say which samples a step of a recipe sees, as JSON.

Examples:
  lockstep data order cluster/recipes/lenet5-fashion-mnist.toml --epoch 1 --step 18
  lockstep data order cluster/recipes/lenet5-fashion-mnist.toml --step 1234
)",
                            [this] { return RunDataOrder(order_, console_); });
    command->add_option("RECIPE", order_.recipe, "Recipe file")->required();
    AddOverrides(command, &order_.overrides);
    command
        ->add_option("--epoch", order_.epoch,
                     "Epoch, from 1; without it --step counts from the start of the run")
        ->check(CLI::Range(1, std::numeric_limits<int32_t>::max()));
    command->add_option("--step", order_.step, "Step, from 1")
        ->required()
        ->check(CLI::Range(int64_t{1}, std::numeric_limits<int64_t>::max()));
  }

  void AddTrain() {
    CLI::App* command = Add(&app_, "train", R"(Train a model as a recipe says.

Examples:
  lockstep train cluster/recipes/lenet5-fashion-mnist.toml
  lockstep train cluster/recipes/lenet5-fashion-mnist.toml train.epochs=2 optimizer.lr=0.05
  lockstep train cluster/recipes/lenet5-fashion-mnist.toml --ranks 4 --run runs/four
  mpirun -np 2 lockstep train cluster/recipes/lenet5-fashion-mnist.toml
  lockstep train --keys

The same command on the same run directory goes on from its last checkpoint, with any number of
ranks. To stop a run: kill -USR1 (of mpirun too), which finishes the step, writes a checkpoint and
ends with exit code 75. As root, mpirun wants OMPI_ALLOW_RUN_AS_ROOT=1 and
OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 in the environment.
)",
                            [this] { return Train(); });
    LooksAtStop(command, "finishing the step and writing a checkpoint");
    command->add_option("RECIPE", train_.recipe, "Recipe file (TOML)");
    AddOverrides(command, &train_.overrides);
    run_option_ = command->add_option("--run", train_.run_directory,
                                      "Run directory; default: runs/<the recipe's file name>");
    command->add_option("--ranks", train_.ranks,
                        "Ranks, as threads of this process; at most lanes. Not under mpirun or "
                        "srun, which say it themselves");
    command->add_option("--cores", train_.cores, "Cores to use; 0: as the recipe says")
        ->check(CLI::Range(0, 65536));
    command->add_flag("--overwrite", train_.overwrite,
                      "Begin the run in the run directory anew; its checkpoints are removed");
    command->add_flag("--takeover", train_.takeover,
                      "Take the run from a process that seems to hold it still");
    command->add_flag("--new-bits", train_.new_bits,
                      "Go on with another build or kind of hardware, as a new branch");
    command->add_option("--coordinator", train_.coordinator_file,
                        "File written by `lockstep coordinator`; default: rank 0 hosts one");
    command
        ->add_option("--coordinator-listen", train_.coordinator_listen,
                     "Where the coordinator of rank 0 listens, under mpirun or srun")
        ->capture_default_str();
    command->add_flag("--insecure-listen", train_.insecure_listen,
                      "Allow it to listen, in plaintext, where other machines reach it");
    command->add_flag("--no-progress", no_progress_, "No progress bar and no line a step");
    command->add_flag("--keys", list_keys_, "List every key a recipe may hold, and exit");
  }

  Status Train() {
    if (list_keys_) {
      console_->out << ListRecipeKeys();
      return OkStatus();
    }
    if (train_.recipe.empty()) {
      return InvalidArgument(
          "RECIPE is required, for example cluster/recipes/lenet5-fashion-mnist.toml; see "
          "`lockstep train --help`");
    }
    // An empty one would stand for the default.
    if (run_option_->count() > 0 && train_.run_directory.empty()) {
      return worker::CheckRunPlace(train_.run_directory);
    }
    train_.progress = !no_progress_;
    return RunTrain(train_, console_);
  }

  void AddCheckpointCommands() {
    CLI::App* ckpt =
        Add(&app_, "ckpt", R"(List, verify and compare the checkpoints of a run, or go back to one.

Examples:
  lockstep ckpt ls runs/lenet5-fashion-mnist
  lockstep ckpt verify runs/lenet5-fashion-mnist
)",
            nullptr);
    CLI::App* ls = Add(ckpt, "ls", R"(List the checkpoints and generations of a run.

Examples:
  lockstep ckpt ls runs/lenet5-fashion-mnist
  lockstep ckpt ls runs/lenet5-fashion-mnist --json
)",
                       [this] { return RunCkptLs(ckpt_ls_, console_); });
    ls->add_option("RUN", ckpt_ls_.run, "Run directory")->required();
    ls->add_flag("--json", ckpt_ls_.json, "As JSON");

    CLI::App* verify =
        Add(ckpt, "verify", R"(Read every byte of checkpoints and name what is damaged.

Examples:
  lockstep ckpt verify runs/lenet5-fashion-mnist
  lockstep ckpt verify runs/lenet5-fashion-mnist b01-s0000001200
)",
            [this] { return RunCkptVerify(ckpt_verify_, console_); });
    LooksAtStop(verify, "ending");
    verify->add_option("RUN", ckpt_verify_.run, "Run directory")->required();
    verify->add_option("NAME", ckpt_verify_.name, "One checkpoint; default: all");

    CLI::App* rewind = Add(ckpt, "rewind", R"(Take a run back to one of its checkpoints.

The history from there on is a new branch. What the old one wrote is kept: its checkpoints, and its
tables, summary and weights under names like digests-b01.csv.

Examples:
  lockstep ckpt ls runs/lenet5-fashion-mnist
  lockstep ckpt rewind runs/lenet5-fashion-mnist --to 470
)",
                           [this] { return RunCkptRewind(ckpt_rewind_, console_); });
    rewind->add_option("RUN", ckpt_rewind_.run, "Run directory")->required();
    rewind->add_option("--to", ckpt_rewind_.step, "Step of one of its checkpoints")
        ->required()
        ->check(NotNegative());

    CLI::App* diff = Add(ckpt, "diff", R"(Compare two checkpoints, tensor by tensor.

Examples:
  lockstep ckpt diff runs/a/checkpoints/b01-s0000001200 runs/b/checkpoints/b01-s0000001200
  lockstep ckpt diff runs/a b01-s0000001200 b02-s0000001200
)",
                         [this] { return RunCkptDiff(ckpt_diff_, console_); });
    diff->add_option("WHAT", ckpt_diff_.what, "Two checkpoint directories, or RUN NAME NAME")
        ->required()
        ->expected(2, 3);
  }

  void AddCoordinator() {
    CLI::App* command =
        Add(&app_, "coordinator", R"(Host the coordinator of a run in a process of its own.

Examples:
  lockstep coordinator --file coordinator.json &
  mpirun -np 4 lockstep train RECIPE --coordinator coordinator.json
)",
            [this] { return RunCoordinatorCommand(coordinator_, console_); });
    LooksAtStop(command, "telling the ranks to end");
    command->add_option("--listen", coordinator_.listen, "Where to listen; port 0: any free one")
        ->capture_default_str();
    command->add_option("--file", coordinator_.file,
                        "File to write address and token to; default: coordinator.json in --state "
                        "or here");
    command->add_option("--state", coordinator_.state_directory,
                        "Directory for the ledger where the run's directory cannot lock");
    command->add_flag("--insecure-listen", coordinator_.insecure_listen,
                      "Allow to listen, in plaintext, where other machines reach it");
  }

  void AddBench() {
    CLI::App* bench = Add(&app_, "bench", R"(Measure parts of training on this machine.

Examples:
  lockstep bench step --model lenet5 --lanes 2 --lane-batch 64
  mpirun -np 4 lockstep bench comm
)",
                          nullptr);
    AddBenchStep(bench);
    CLI::App* comm = Add(bench, "comm", R"(Measure what the canonical order of sums costs.

Examples:
  mpirun -np 4 lockstep bench comm
  mpirun --oversubscribe -np 3 lockstep bench comm --lanes 8 --bytes 100000000 --json comm.json
)",
                         [this] { return RunBenchComm(bench_comm_, console_->out); });
    comm->add_option("--lanes", bench_comm_.lanes, "Lanes of the recipe")
        ->capture_default_str()
        ->check(CLI::Range(1, 65536));
    comm->add_option("--bytes", bench_comm_.parameter_bytes, "Bytes of fp32 parameters")
        ->capture_default_str()
        ->check(CLI::Range(int64_t{4}, int64_t{1} << 36));
    comm->add_option("--rounds", bench_comm_.rounds, "Rounds that count")
        ->capture_default_str()
        ->check(CLI::Range(1, 100000));
    comm->add_option("--json", bench_comm_.json, "Also write the figures to this file");
  }

  void AddBenchStep(CLI::App* bench) {
    CLI::App* step =
        Add(bench, "step", R"(Measure a whole training step of a model, on made-up images.

Examples:
  lockstep bench step --model lenet5 --lanes 2 --lane-batch 64
  lockstep bench step --model lenet5 --lanes 1 --lane-batch 128 --profile
  lockstep bench step --model simple-cnn --image 64x64x3 --classes 1000 --steps 5 --json step.json
)",
            [this] { return RunBenchStep(bench_step_, console_->out); });
    BenchStepOptions& o = bench_step_;
    const auto number = [step](const std::string& name, auto* value, int64_t least, int64_t most,
                               const std::string& what) {
      step->add_option(name, *value, what)->capture_default_str()->check(CLI::Range(least, most));
    };
    step->add_option("--model", o.model, "Model, see `lockstep models`")->capture_default_str();
    step->add_option("--image", o.image,
                     "HEIGHTxWIDTHxCHANNELS; default: what the model was made for");
    number("--classes", &o.classes, 1, 1 << 24, "Classes");
    number("--lanes", &o.lanes, 1, 65536, "Lanes of the batch (V)");
    number("--lane-batch", &o.lane_batch, 1, 1 << 24, "Images of each lane");
    number("--threads", &o.threads, 1, 1024, "Threads of each lane (T)");
    number("--cores", &o.cores, 0, 65536, "Cores: lanes at once are cores / T; 0: all there are");
    step->add_option("--kernels", o.kernels, "Kernels to choose from")
        ->capture_default_str()
        ->check(CLI::IsMember({"auto", "reference"}));
    step->add_option("--kernel-file", o.kernel_file, "Kernels chosen by `lockstep tune`");
    step->add_option("--optimizer", o.optimizer, "sgd has momentum 0.9")
        ->capture_default_str()
        ->check(CLI::IsMember({"sgd", "adam"}));
    step->add_option("--lr", o.learning_rate, "Learning rate")->capture_default_str();
    step->add_option("--seed", o.seed, "Seed of weights and images")->capture_default_str();
    number("--steps", &o.steps, 1, 1 << 24, "Steps that count");
    number("--warmup", &o.warmup, 0, 1 << 24, "Steps before them");
    step->add_flag("--profile", o.profile, "List every layer and kind of op, not only the slowest");
    step->add_flag("--library", o.library, "Also time steps of oneDNN's primitives alone");
    step->add_option("--json", o.json, "Also write the figures, and the profile, to this file");
  }

  void AddEval() {
    CLI::App* command = Add(&app_, "eval", R"(Evaluate the trained weights of a run.

Examples:
  lockstep eval runs/lenet5-fashion-mnist
  lockstep eval runs/lenet5-fashion-mnist@best
  lockstep eval runs/lenet5-fashion-mnist@1200
  lockstep eval runs/lenet5-fashion-mnist --split train
  lockstep eval runs/lenet5-fashion-mnist --per-class
  lockstep eval runs/lenet5-fashion-mnist data.dataset=/elsewhere/fashion-mnist.ldb
)",
                            [this] { return RunEval(eval_, console_); });
    command
        ->add_option(
            "WEIGHTS", eval_.weights,
            "RUN, RUN@best, RUN@STEP, RUN@CHECKPOINT, or the path of a run's checkpoint or "
            "safetensors file")
        ->required();
    AddOverrides(command, &eval_.overrides);
    command->add_option("--split", eval_.split, "Split; default: the recipe's data.val");
    command->add_flag("--per-class", eval_.per_class,
                      "Also a table of what the task says of each class, and its number of "
                      "samples; with --json also the confusion matrix");
    command->add_flag("--json", eval_.json, "As JSON");
  }

  void AddExplain() {
    CLI::App* command = Add(&app_, "explain", R"(Say what a recipe means, before anything runs.

Examples:
  lockstep explain cluster/recipes/lenet5-fashion-mnist.toml
  lockstep explain cluster/recipes/lenet5-fashion-mnist.toml batch.lane_batch=64 --ranks 4
  lockstep explain cluster/recipes/lenet5-fashion-mnist.toml --layers --measure
)",
                            [this] { return RunExplain(explain_, console_); });
    command->add_option("RECIPE", explain_.recipe, "Recipe file (TOML)")->required();
    AddOverrides(command, &explain_.overrides);
    command->add_option("--ranks", explain_.ranks, "Ranks that would share the lanes")
        ->capture_default_str();
    command->add_option("--spec", explain_.spec,
                        "File with the machine's ceilings, written by `lockstep doctor "
                        "--write-spec`; default: measured now, in about a second");
    command->add_flag("--layers", explain_.layers,
                      "Every layer with its shapes and times, the rows of lane batches, and what "
                      "the exchange costs");
    command->add_flag("--measure", explain_.measure,
                      "Make a few steps on made-up data: measured beside predicted times");
  }

  void AddTune() {
    CLI::App* command =
        Add(&app_, "tune", R"(Time the kernels a recipe could use, and write a kernel file.

Examples:
  lockstep tune cluster/recipes/lenet5-fashion-mnist.toml --out kernels.json
  lockstep tune cluster/recipes/lenet5-fashion-mnist.toml batch.lane_batch=64 --out kernels.json
  lockstep train cluster/recipes/lenet5-fashion-mnist.toml train.kernel_file=kernels.json

For each op and shape of the recipe's plans the first kernels are timed on this machine, the dearest
ops first, each alone on the threads of one lane. Another than the first is recorded where it is
faster by 5 %; what the file does not name takes its first kernel. Another file gives other bits, so
tune once, on a quiet machine, before a run begins; the run keeps a copy and goes on with it.
)",
            [this] { return RunTune(tune_, console_); });
    LooksAtStop(command, "ending without a kernel file");
    command->add_option("RECIPE", tune_.recipe, "Recipe file (TOML)")->required();
    AddOverrides(command, &tune_.overrides);
    command->add_option("--out", tune_.out, "File to write; replaced where it is there already")
        ->required();
    command->add_option("--tune-seconds", tune_.tune_seconds, "Time to spend, in all")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 1e6));
  }

  void AddModels() {
    CLI::App* command = Add(&app_, "models", R"(List the models a recipe can name.

Examples:
  lockstep models
  lockstep models --filter mlp
)",
                            [this] { return RunModels(models_filter_, console_); });
    command->add_option("--filter", models_filter_, "Only names that contain this");
  }

  void AddDoctor() {
    CLI::App* command =
        Add(&app_, "doctor", R"(Say whether this machine is fit for training, and what to mend.

Examples:
  lockstep doctor
  lockstep doctor --run /scratch/runs --json
  mpirun -np 2 lockstep doctor --no-measure
  lockstep doctor --write-spec this-machine.txt

Ends with 78 where something is a problem, with 0 where there are warnings at most.
)",
            [this] {
              doctor_.measure = !no_measure_;
              return RunDoctor(doctor_, console_);
            });
    LooksAtStop(command, "ending after the finding at hand");
    command->add_option("--run", doctor_.run, "Run directory whose file system to look at")
        ->capture_default_str();
    command->add_option("--write-spec", doctor_.write_spec,
                        "Write what plans and predictions need to know of this machine here");
    command->add_flag("--no-measure", no_measure_, "Leave out the ceilings, about a second");
    command->add_flag("--json", doctor_.json, "As JSON");
  }

  // The (sub)command named at the head of the arguments must exist; suggests one if not.
  Status CheckCommandNames(const std::vector<std::string>& arguments) {
    CLI::App* at = &app_;
    std::string path;  // "data " once there
    for (const std::string& argument : arguments) {
      const auto commands = at->get_subcommands([](CLI::App*) { return true; });
      if (commands.empty() || argument.empty() || argument[0] == '-') return OkStatus();
      std::vector<std::string> names;
      CLI::App* found = nullptr;
      for (CLI::App* command : commands) {
        names.push_back(command->get_name());
        if (command->get_name() == argument) found = command;
      }
      if (found == nullptr) {
        return InvalidArgument("unknown command '" + path + argument + "'" +
                               Suggestion(argument, names));
      }
      at = found;
      path += argument + " ";
    }
    return OkStatus();
  }

  Status ParseAndRun(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them so
    try {
      app_.parse(arguments);
    } catch (const CLI::CallForHelp&) {
      console_->out << app_.help();
      return OkStatus();
    } catch (const CLI::CallForVersion& version) {
      console_->out << version.what() << "\n";
      return OkStatus();
    } catch (const CLI::ParseError& error) {
      return UsageFailure(error);
    }
    for (const auto& [command, run] : commands_) {
      if (!command->parsed()) continue;
      // The doctor says itself what it finds.
      if (command->get_name() != "doctor") {
        RETURN_IF_ERROR(
            CheckRoom(kThreadsOfACommand, kBytesOfACommand, "`" + Reached().second + "`"));
      }
      return RunWatched(run, MannerOf(command));
    }
    // No command, or a group alone: what there is, and no word of success.
    console_->err << app_.help() << std::flush;
    return Status(StatusCode::kInvalidArgument, "");
  }

  // Beside the command someone answers a wish to stop, where there can be one.
  Status RunWatched(const Command& run, StopManner manner) {
    std::unique_ptr<StopWatcher> watcher;
    if (console_->stop != nullptr) {
      ASSIGN_OR_RETURN(watcher,
                       StopWatcher::Start(*console_, std::move(manner), FindLauncherProcess()));
    }
    return run();
  }

  StopManner MannerOf(const CLI::App* command) const {
    const auto found = manners_.find(command);
    return found == manners_.end() ? StopManner{} : found->second;
  }

  // The innermost command that the arguments reached, and its name with its parents'.
  std::pair<const CLI::App*, std::string> Reached() const {
    const CLI::App* at = &app_;
    std::string path = "lockstep";
    while (!at->get_subcommands().empty()) {
      at = at->get_subcommands().front();
      path += " " + at->get_name();
    }
    return {at, path};
  }

  Status UsageFailure(const CLI::ParseError& error) const {
    const auto [command, path] = Reached();
    std::string message = error.what();
    const std::vector<std::string> rest = app_.remaining(true);
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !rest.empty()) {
      std::vector<std::string> options;
      for (const CLI::Option* option : command->get_options()) {
        for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
      }
      const std::string& extra = rest.front();
      const bool is_option = extra.rfind('-', 0) == 0;
      message = (is_option ? "unknown option '" : "unexpected argument '") + extra + "'";
      if (is_option) message += Suggestion(extra.substr(0, extra.find('=')), options);
    }
    return InvalidArgument(message + "; see `" + path + " --help`");
  }

  Console* const console_;
  CLI::App app_{kDescription, "lockstep"};
  std::vector<std::pair<CLI::App*, Command>> commands_;
  std::map<const CLI::App*, StopManner> manners_;  // of those that look at Console::stop

  DataImportOptions import_;
  DataInfoOptions info_;
  std::string verify_dataset_;
  DataShowOptions show_;
  DataOrderOptions order_;
  TrainOptions train_;
  CLI::Option* run_option_ = nullptr;
  bool list_keys_ = false;
  bool no_progress_ = false;
  CkptLsOptions ckpt_ls_;
  CkptVerifyOptions ckpt_verify_;
  CkptRewindOptions ckpt_rewind_;
  CkptDiffOptions ckpt_diff_;
  CoordinatorCommandOptions coordinator_;
  BenchCommOptions bench_comm_;
  BenchStepOptions bench_step_;
  EvalOptions eval_;
  ExplainOptions explain_;
  TuneCommandOptions tune_;
  std::string models_filter_;
  DoctorOptions doctor_;
  bool no_measure_ = false;
};

}  // namespace

int RunCommandLine(const std::vector<std::string>& arguments, Console* console) {
  return CommandLine(console).Run(arguments);
}

}  // namespace lockstep::cluster
