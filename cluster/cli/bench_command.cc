// SPDX-License-Identifier: Apache-2.0
// `lockstep bench` on the command line; cluster/bench does its work.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cluster/bench/bench_comm.h"
#include "cluster/bench/bench_input.h"
#include "cluster/bench/bench_step.h"
#include "cluster/cli/command.h"
#include "cluster/recipes/key_use.h"
#include "cluster/recipes/part_lists.h"
#include "cluster/scaling/scaling_bench.h"

namespace lockstep::cluster {
namespace {

std::vector<std::string> OptimizerNames() {
  std::vector<std::string> names;
  for (const Part& part : FindPartList("optimizer")->parts) names.push_back(part.name);
  return names;
}

// Rules of a number that the help shows the default of.
OptionRules Within(int64_t least, int64_t most) {
  return {.shows_default = true, .range = IntegerRange{least, most}};
}

Command BenchStepCommand() {
  const auto o = std::make_shared<BenchStepOptions>();
  return {
      .name = "step",
      .description = R"(Measure a whole training step of a model, on made-up images.

Examples:
  lockstep bench step --model lenet5 --lanes 2 --lane-batch 64
  lockstep bench step --model lenet5 --lanes 1 --lane-batch 128 --profile
  lockstep bench step --model simple-cnn --image 64x64x3 --classes 1000 --steps 5 --json step.json
  lockstep bench step --model fcn-resnet50 --image 128x128x3 --classes 21 --lane-batch 4
  lockstep bench step --model resnet18 --freeze "*" "!fc.*" --lane-batch 16

The step is that of the task and loss that the model was described for.
)",
      .options = {{"--model", &o->model, "Model, see `lockstep models`", {.shows_default = true}},
                  {"--image", &o->image,
                   "HEIGHTxWIDTHxCHANNELS; default: what the model was made for"},
                  {"--classes", &o->classes, "Classes", Within(1, 1 << 24)},
                  {"--freeze", &o->freeze,
                   "Patterns of parameters that are not trained, as in model.freeze"},
                  {"--lanes", &o->lanes, "Lanes of the batch (V)", Within(1, 65536)},
                  {"--lane-batch", &o->lane_batch, "Images of each lane", Within(1, 1 << 24)},
                  {"--threads", &o->threads, "Threads of each lane (T)", Within(1, 1024)},
                  {"--cores", &o->cores, "Cores: lanes at once are cores / T; 0: all there are",
                   Within(0, 65536)},
                  {"--kernels",
                   &o->kernels,
                   "Kernels to choose from",
                   {.shows_default = true, .choices = {"auto", "reference"}}},
                  {"--kernel-file", &o->kernel_file, "Kernels chosen by `lockstep tune`"},
                  {"--optimizer",
                   &o->optimizer,
                   "sgd has momentum 0.9",
                   {.shows_default = true, .choices = OptimizerNames()}},
                  {"--lr", &o->learning_rate, "Learning rate", {.shows_default = true}},
                  {"--seed", &o->seed, "Seed of weights and images", {.shows_default = true}},
                  {"--steps", &o->steps, "Steps that count", Within(1, 1 << 24)},
                  {"--warmup", &o->warmup, "Steps before them", Within(0, 1 << 24)},
                  {"--profile", &o->profile,
                   "List every layer and kind of op, not only the slowest"},
                  {"--library", &o->library, "Also time steps of oneDNN's primitives alone"},
                  {"--json", &o->json, "Also write the figures, and the profile, to this file"}},
      .run = [o](Console* console) { return RunBenchStep(*o, console->out); }};
}

struct BenchInputLine {
  BenchInputOptions options;
  std::vector<std::string> overrides;
};

Status RunBenchInputLine(const BenchInputLine& line, Console* console) {
  ASSIGN_OR_RETURN(const worker::TrainConfig config,
                   LoadRecipeFor(BenchInputKeys(), line.options.recipe, line.overrides));
  return RunBenchInput(config, line.options, console->out);
}

Command BenchInputCommand() {
  const auto o = std::make_shared<BenchInputLine>();
  return {.name = "input",
          .description = R"(Measure how fast samples are made for training, without training.

Examples:
  lockstep bench input cluster/recipes/lenet5-fashion-mnist.toml
  lockstep bench input photos.toml --threads 1 --batches 50 --json input.json
)",
          .options = {{"RECIPE", &o->options.recipe, "Recipe file", {.required = true}},
                      Overrides(&o->overrides),
                      {"--threads", &o->options.threads,
                       "Threads that make samples; 0: one for each core", Within(0, 1024)},
                      {"--seconds",
                       &o->options.seconds,
                       "How long, from the first batch on; default 10",
                       {.range = NumberRange{.least = 0.001}}},
                      {"--batches",
                       &o->options.batches,
                       "How many batches of all lanes, instead",
                       {.range = IntegerRange{.least = 1}}},
                      {"--json", &o->options.json, "Also write the figures to this file"}},
          .run = [o](Console* console) { return RunBenchInputLine(*o, console); }};
}

Command BenchCommCommand() {
  const auto o = std::make_shared<BenchCommOptions>();
  return {.name = "comm",
          .description = R"(Measure what the canonical order of sums costs.

Examples:
  mpirun -np 4 lockstep bench comm
  mpirun --oversubscribe -np 3 lockstep bench comm --lanes 8 --bytes 100000000 --json comm.json
)",
          .options = {{"--lanes", &o->lanes, "Lanes of the recipe", Within(1, 65536)},
                      {"--bytes", &o->parameter_bytes, "Bytes of fp32 parameters",
                       Within(4, int64_t{1} << 36)},
                      {"--rounds", &o->rounds, "Rounds that count", Within(1, 100000)},
                      {"--json", &o->json, "Also write the figures to this file"}},
          .run = [o](Console* console) { return RunBenchComm(*o, console->out); }};
}

Command BenchScalingCommand() {
  const auto o = std::make_shared<ScalingOptions>();
  return {
      .name = "scaling",
      .description = R"(Measure how training gets faster with more ranks, and predict larger ones.

Examples:
  lockstep bench scaling --model lenet5 --max-ranks 2
  lockstep bench scaling --model resnet18 --image 64x64x3 --ranks 1,2,4,8 --plots plots/resnet18
  lockstep bench scaling --model lenet5 --launch threads --strong --json scaling.json
  lockstep bench scaling --model lenet5 --network latency=2us,bandwidth=25GB/s,ranks-per-node=8

It starts the ranks itself, a group after the other. Strong: --lanes whatever the number of ranks
is; weak: as many lanes as ranks, times --weak-lanes. Numbers of ranks that have cores of their own
are measured first and the model is fitted to them; what it expects of the others is said before
they are measured. In a SLURM job: cluster/slurm/scaling.sh.
)",
      .options =
          {{"--model", &o->model, "Model, see `lockstep models`", {.shows_default = true}},
           {"--image", &o->image, "HEIGHTxWIDTHxCHANNELS; default: what the model was made for"},
           {"--classes", &o->classes, "Classes", Within(1, 1 << 24)},
           {"--ranks", &o->ranks, "Numbers of ranks, parted by commas: 1,2,4"},
           {"--max-ranks", &o->max_ranks, "The most ranks, where --ranks is not given: 1, 2, 4 ...",
            Within(1, 65536)},
           {"--strong", &o->strong, "Strong scaling alone"},
           {"--weak", &o->weak, "Weak scaling alone"},
           {"--lanes", &o->lanes, "Lanes of the batch (V) of strong scaling", Within(1, 65536)},
           {"--weak-lanes",
            &o->weak_lanes,
            "Lanes of each rank of weak scaling; default: --lanes over the most ranks",
            {.range = IntegerRange{1, 65536}}},
           {"--lane-batch", &o->lane_batch, "Images of each lane", Within(1, 1 << 24)},
           {"--threads", &o->threads, "Threads of each lane (T)", Within(1, 1024)},
           {"--cores-per-rank", &o->cores, "Cores that a rank uses", Within(1, 65536)},
           {"--nodes", &o->nodes, "Machines that the launcher spreads the ranks over",
            Within(1, 65536)},
           {"--steps", &o->steps, "Steps that count", Within(1, 1 << 24)},
           {"--warmup", &o->warmup, "Steps before them", Within(0, 1 << 24)},
           {"--kernels",
            &o->kernels,
            "Kernels to choose from",
            {.shows_default = true, .choices = {"auto", "reference"}}},
           {"--optimizer",
            &o->optimizer,
            "sgd has momentum 0.9",
            {.shows_default = true, .choices = OptimizerNames()}},
           {"--lr", &o->learning_rate, "Learning rate", {.shows_default = true}},
           {"--seed", &o->seed, "Seed of weights and images", {.shows_default = true}},
           {"--launch",
            &o->launch,
            "How {ranks} ranks are started; threads: in this process",
            {.shows_default = true}},
           {"--work", &o->work,
            "Folder for a made-up dataset and checkpoints, which are removed; default: TMPDIR"},
           {"--network", &o->network,
            "Predict larger W: latency=2us,bandwidth=25GB/s,ranks-per-node=8"},
           {"--python", &o->python, "A Python that has torch: PyTorch DDP is measured beside"},
           {"--peer-program", &o->peer_program, "What that Python runs", {.shows_default = true}},
           {"--json", &o->json, "Also write everything to this file"},
           {"--csv", &o->csv, "Also write a line for each point to this file"},
           {"--markdown", &o->markdown, "Also write the tables to this file"},
           {"--plots", &o->plots,
            "Also draw plots, as SVG and PNG: the beginning of their files' names"}},
      .run = [o](Console* console) { return RunBenchScaling(*o, console); },
      .at_stop = "ending the measurement"};
}

struct ScalingRankOptions {
  std::string spec, json;
};

Command BenchScalingRankCommand() {
  const auto o = std::make_shared<ScalingRankOptions>();
  return {.name = "scaling-rank",
          .description = R"(What `bench scaling` starts as each of its ranks.

Examples:
  mpirun -np 2 lockstep bench scaling-rank --spec group.spec.json --json group.result.json
)",
          .options =
              {{"--spec",
                &o->spec,
                "What is measured, as `bench scaling` wrote it",
                {.required = true}},
               {"--json", &o->json, "Rank 0 writes the figures to this file", {.required = true}}},
          .run = [o](Console*) { return RunGroupProcess(o->spec, o->json); }};
}

}  // namespace

Command BenchCommand() {
  return {.name = "bench",
          .description = R"(Measure parts of training on this machine.

Examples:
  lockstep bench step --model lenet5 --lanes 2 --lane-batch 64
  lockstep bench input cluster/recipes/lenet5-fashion-mnist.toml
  mpirun -np 4 lockstep bench comm
  lockstep bench scaling --model lenet5 --max-ranks 2
)",
          .commands = {BenchStepCommand(), BenchInputCommand(), BenchCommCommand(),
                       BenchScalingCommand(), BenchScalingRankCommand()}};
}

}  // namespace lockstep::cluster
