// SPDX-License-Identifier: Apache-2.0
// The table of the keys of the run itself, and the keys made of the parts' options. To add a key of
// the run: a field in TrainConfig whose default never changes (or whose Absent stays), and one
// entry here.
#include <algorithm>
#include <type_traits>

#include "base/check.h"
#include "cluster/recipes/part_lists.h"
#include "cluster/recipes/schema.h"
#include "graph/tasks/registry.h"

namespace lockstep::cluster {
namespace {

using worker::TrainConfig;

constexpr double kMaxInt32 = 2147483647.0;
constexpr double kMaxInt64 = 9223372036854775807.0;
constexpr OptionRange kCount32 = {1, kMaxInt32};
constexpr OptionRange kCountOrZero32 = {0, kMaxInt32};
constexpr OptionRange kCount64 = {1, kMaxInt64};
constexpr OptionRange kCountOrZero64 = {0, kMaxInt64};

constexpr KeyRole kFree = KeyRole::kFree;
constexpr KeyRole kBranch = KeyRole::kBranch;
constexpr KeyRole kFixed = KeyRole::kFixed;

template <typename T>
KeyValue ToValue(const T& field) {
  if constexpr (std::is_same_v<T, DType>) {
    return std::string(field == DType::kFloat64 ? "fp64" : "fp32");
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    return static_cast<int64_t>(field);
  } else {
    return field;
  }
}

template <typename T>
void FromValue(const KeyValue& value, T* field) {
  if constexpr (std::is_same_v<T, DType>) {
    *field = std::get<std::string>(value) == "fp64" ? DType::kFloat64 : DType::kFloat32;
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    *field = static_cast<T>(std::get<int64_t>(value));
  } else {
    *field = std::get<T>(value);
  }
}

// Says what a key of the run means, and takes its default from TrainConfig.
void AddMeaning(const OptionSpec& spec, RecipeKey* key) {
  const TrainConfig nothing_given;
  key->variants.push_back({{key->name, *key->get(nothing_given), spec}, {}});
}

// A key bound to the field of TrainConfig that the captureless lambda `Field` returns.
template <typename Field>
RecipeKey Key(std::string name, KeyRole role, Field, const OptionSpec& spec) {
  RecipeKey key;
  key.name = std::move(name);
  key.role = role;
  key.get = [](const TrainConfig& config) -> std::optional<KeyValue> {
    return ToValue(Field{}(config));
  };
  key.set = [](TrainConfig* config, const KeyValue& value) { FromValue(value, &Field{}(*config)); };
  AddMeaning(spec, &key);
  return key;
}

template <typename Field>
RecipeKey Key(std::string name, KeyRole role, Field field, const char* doc) {
  return Key(std::move(name), role, field, Says(doc));
}

RecipeKey OnlyWith(std::string other_key, std::string value, RecipeKey key) {
  key.only_with_key = std::move(other_key);
  key.only_with_value = std::move(value);
  return key;
}

RecipeKey Required(std::string example, RecipeKey key) {
  key.example = std::move(example);
  return key;
}

// The key that chooses a part of a group.
void AddName(std::string example, const char* doc, KeyRole role, std::string_view group,
             std::vector<RecipeKey>* keys) {
  const PartList* list = FindPartList(group);
  RecipeKey key;
  key.name = list->name_key;
  key.role = role;
  key.example = std::move(example);
  key.always_hashed = true;
  key.get = [list](const TrainConfig& config) -> std::optional<KeyValue> {
    return list->name(config);
  };
  key.set = [list](TrainConfig* config, const KeyValue& value) {
    *list->name_of(config) = std::get<std::string>(value);
  };
  OptionSpec spec = Says(doc);
  if (key.example.empty()) {  // a required name is checked where it is looked up
    for (const Part& part : list->parts) spec.words.push_back(part.name);
  }
  AddMeaning(spec, &key);
  keys->push_back(std::move(key));
}

// A key of the options of a group, without what it means to the parts.
RecipeKey OptionKey(const PartList& list, const std::string& option) {
  RecipeKey key;
  key.name = list.group + "." + option;
  key.role = list.role;
  key.get = [&list, option](const TrainConfig& config) -> std::optional<KeyValue> {
    const Part* part = list.Find(list.name(config));
    const Option* own = part == nullptr ? nullptr : part->options->Find(option);
    if (own == nullptr) return std::nullopt;
    const AttrValue* given = list.options(config).Find(option);
    return given == nullptr ? own->default_value : *given;
  };
  key.set = [&list, option](TrainConfig* config, const KeyValue& value) {
    list.options_of(config)->Set(option, value);
  };
  return key;
}

// What a part means by an option: one variant for the parts that mean the same.
void AddVariant(const Option& option, const std::string& part, std::vector<KeyVariant>* variants) {
  for (KeyVariant& variant : *variants) {
    if (variant.option == option) {
      variant.parts.push_back(part);
      return;
    }
  }
  variants->push_back({option, {part}});
}

// The keys of the options of a group's parts: one for each name, in the order in which the parts
// list them.
void AddOptions(std::string_view group, std::vector<RecipeKey>* keys) {
  const PartList* list = FindPartList(group);
  const size_t begin = keys->size();
  for (const Part& part : list->parts) {
    for (const Option& option : part.options->options()) {
      const std::string name = list->group + "." + option.name;
      auto key = std::find_if(keys->begin() + static_cast<ptrdiff_t>(begin), keys->end(),
                              [&](const RecipeKey& one) { return one.name == name; });
      if (key == keys->end()) key = keys->insert(keys->end(), OptionKey(*list, option.name));
      AddVariant(option, part.name, &key->variants);
      CHECK(key->type() == option.type()) << name << " has two types";
    }
  }
}

#define FIELD(path) \
  [](auto& config) -> auto& { return config.path; }

void AddDataKeys(std::vector<RecipeKey>* keys) {
  RecipeKey dataset = Required("data/fashion-mnist.ldb",
                               Key("data.dataset", kFixed, FIELD(data.dataset),
                                   "directory that `lockstep data import` made; relative to the "
                                   "current directory"));
  dataset.is_path = true;
  keys->push_back(std::move(dataset));
  keys->push_back(Key("data.train", kFixed, FIELD(data.train), "split to train on"));
  keys->push_back(
      Key("data.val", kBranch, FIELD(data.val), "split to evaluate on; \"\": no evaluation"));
  keys->push_back(Key("data.window_shards", kFixed, FIELD(data.window_shards),
                      Says("shards that a lane shuffles together").Within(kCount64)));
}

void AddModelKeys(std::vector<RecipeKey>* keys) {
  AddName("lenet5", "the network; `lockstep models` lists them", kFixed, "model", keys);
  keys->push_back(Key("model.classes", kFixed, FIELD(model.classes),
                      Says("classes to tell apart; 0: as the dataset has").Within(kCountOrZero32)));
  AddOptions("model", keys);
  RecipeKey weights =
      Key("model.weights", kFixed, FIELD(model.weights),
          "what to start from: RUN, RUN@best, RUN@STEP, RUN@CHECKPOINT, or the path "
          "of a safetensors file with torchvision's names or of a checkpoint, "
          "relative to the current directory; \"\": as the seed draws them");
  weights.is_path = true;
  keys->push_back(std::move(weights));
  keys->push_back(Key("model.replace_head", kFixed, FIELD(model.replace_head),
                      "with model.weights: a last layer for another number of classes is drawn by "
                      "the seed instead of refused"));
  keys->push_back(
      Key("model.freeze", kFixed, FIELD(model.freeze),
          "patterns of parameters that are not trained: names with * and ?, or "
          "\"kind=norm\", \"kind=bias\", \"kind=weight\"; the last that matches counts, "
          "and one that begins with ! trains: [\"*\", \"!fc.*\"]"));
  keys->push_back(Key("model.frozen_norms", kFixed, FIELD(model.frozen_norms),
                      Says("batch norms that are frozen: keep their running statistics and use "
                           "them in training too, or learn them from each batch")
                          .OneOf({"keep", "learn"})));
}

void AddBatchKeys(std::vector<RecipeKey>* keys) {
  keys->push_back(Key("batch.lanes", kFixed, FIELD(batch.lanes),
                      Says("logical slices of the batch: the most ranks a run of this recipe can "
                           "ever use")
                          .Within({1, 65536})));
  keys->push_back(Key(
      "batch.lane_batch", kFixed, FIELD(batch.lane_batch),
      Says("samples per lane and step; global batch = lanes x lane_batch").Within({1, 1048576})));
  keys->push_back(Key("batch.lane_threads", kFixed, FIELD(batch.lane_threads),
                      Says("threads that compute one lane").Within({1, 1024})));
}

void AddTrainKeys(std::vector<RecipeKey>* keys) {
  keys->push_back(
      Key("train.epochs", kBranch, FIELD(epochs), Says("passes over the data").Within(kCount32)));
  keys->push_back(Key("train.seed", kFixed, FIELD(seed),
                      Says("seed of all random streams").Within(kCountOrZero64)));
  keys->push_back(
      Key("train.precision", kFixed, FIELD(precision),
          Says("arithmetic; fp64 is an oracle: one lane only").OneOf({"fp32", "fp64"})));
  keys->push_back(
      Key("train.max_steps", kFree, FIELD(max_steps),
          Says("end the run after this many steps; 0: run all epochs").Within(kCountOrZero64)));
  // Absent: the default when the first digests were stored.
  keys->push_back(Key("train.kernels", kFixed, FIELD(kernels),
                      Says("auto: the fastest there are; reference (and always with fp64): plain "
                           "loops, equal bits on every x86-64 machine")
                          .OneOf({"reference", "auto"})
                          .Absent("reference")));
  RecipeKey kernel_file =
      OnlyWith("train.kernels", "auto",
               Key("train.kernel_file", kFixed, FIELD(kernel_file),
                   "file with kernels chosen by `lockstep tune`, relative to the current "
                   "directory; a run keeps a copy; \"\": the first of each op"));
  kernel_file.is_path = true;
  keys->push_back(std::move(kernel_file));
  keys->push_back(OnlyWith("train.kernels", "auto",
                           Key("train.cpu_isa", kFixed, FIELD(cpu_isa),
                               Says("instruction set of the kernels; for machines of several "
                                    "kinds, the smallest they have")
                                   .OneOf({"native", "x86-64", "avx2", "avx512"}))));
  keys->push_back(Key("train.nonfinite", kBranch, FIELD(nonfinite),
                      Says("what a step whose loss or gradient is not finite does: stop the run, "
                           "or skip the update")
                          .OneOf({"stop", "skip"})));
  keys->push_back(
      Key("train.ema_decay", kFixed, FIELD(ema_decay),
          Says("decay of a moving average of the weights, which is kept beside them; 0: none")
              .Within(kBelowOne)));
  keys->push_back(Key("train.recompute", kFree, FIELD(recompute),
                      Says("activations dropped after the forward and computed again in the "
                           "backward: those inside blocks, or the cheapest until a lane's are "
                           "within a budget in MiB")
                          .OneOf({"none", "blocks"})
                          .OrCount()));
  keys->push_back(Key("train.digest_every", kBranch, FIELD(digest_every),
                      Says("steps between digests of the whole training state").Within(kCount64)));
}

void AddSyncKey(std::vector<RecipeKey>* keys) {
  keys->push_back(Key("sync", kFixed, FIELD(sync),
                      Says("how gradients are summed; allreduce: in the network's order, so the "
                           "number of ranks shows in the bits")
                          .OneOf({"lockstep", "allreduce"})));
}

void AddTaskKey(std::vector<RecipeKey>* keys) {
  std::vector<std::string> names;
  for (const auto& task : graph::Tasks()) names.emplace_back(task->name());
  keys->push_back(Key("task", kFixed, FIELD(task),
                      Says("what the networks are trained for").OneOf(std::move(names))));
  AddOptions("task_options", keys);
}

void AddLossKeys(std::vector<RecipeKey>* keys) {
  AddName("", "loss function", kFixed, "loss", keys);
  AddOptions("loss", keys);
}

void AddOptimizerKeys(std::vector<RecipeKey>* keys) {
  AddName("", "update rule", kFixed, "optimizer", keys);
  keys->push_back(Key("optimizer.lr", kBranch, FIELD(optimizer.lr),
                      Says("learning rate before the schedule; to be given unless the optimizer "
                           "is sgd")
                          .Within(kPositive)));
  AddOptions("optimizer", keys);
  keys->push_back(
      Key("optimizer.clip_norm", kBranch, FIELD(optimizer.clip_norm),
          Says("largest global norm of the gradient; 0: no limit").Within(kNotNegative)));
  keys->push_back(Key("optimizer.groups", kBranch, FIELD(optimizer.groups),
                      "parameters with rates of their own, as PATTERN:option=value:...; the first "
                      "pattern that matches counts; options lr_scale, weight_decay and "
                      "unfreeze_epoch: [\"*.bias:weight_decay=0\", \"fc.*:lr_scale=10\"]"));
}

void AddScheduleKeys(std::vector<RecipeKey>* keys) {
  AddName("", "course of the learning rate", kBranch, "schedule", keys);
  keys->push_back(Key("schedule.warmup_epochs", kBranch, FIELD(schedule.warmup_epochs),
                      Says("epochs of linear rise from 0").Within(kNotNegative)));
  AddOptions("schedule", keys);
}

void AddAugmentAndEvalKeys(std::vector<RecipeKey>* keys) {
  keys->push_back(Key("augment.train", kBranch, FIELD(augment_train),
                      "what is done to a training image, in order"));
  keys->push_back(Key("augment.val", kBranch, FIELD(augment_val),
                      "what is done to an image in evaluation, in order"));
  keys->push_back(Key("eval.batch", kBranch, FIELD(eval.batch),
                      Says("samples per lane in an evaluation batch").Within({1, 1048576})));
  keys->push_back(Key("eval.every_epochs", kBranch, FIELD(eval.every_epochs),
                      Says("epochs between evaluations").Within(kCount32)));
  keys->push_back(Key("eval.best", kBranch, FIELD(eval.best),
                      "metric by which an evaluation is the best, or \"loss\"; \"\": that of the "
                      "task"));
  keys->push_back(Key("eval.weights", kBranch, FIELD(eval.weights),
                      Says("which weights are evaluated: those that are trained, or their moving "
                           "average (train.ema_decay)")
                          .OneOf({"trained", "ema"})));
  keys->push_back(Key("eval.max_rows_mib", kFree, FIELD(eval.max_rows_mib),
                      Says("the most MiB of what a task keeps of all samples of an evaluation, in "
                           "the memory of rank 0")
                          .Within({1, 1048576})));
}

void AddCheckpointKeys(std::vector<RecipeKey>* keys) {
  keys->push_back(Key(
      "checkpoint.every_steps", kFree, FIELD(checkpoint.every_steps),
      Says("steps between checkpoints; 0: one at the end of every epoch").Within(kCountOrZero64)));
  keys->push_back(Key("checkpoint.keep_last", kFree, FIELD(checkpoint.keep_last),
                      Says("newest ones kept").Within({2, 65536})));
  keys->push_back(Key("checkpoint.keep_best", kFree, FIELD(checkpoint.keep_best),
                      "also keep the one with the best evaluation, and take one before every "
                      "evaluation"));
  keys->push_back(Key("checkpoint.max_missed", kFree, FIELD(checkpoint.max_missed),
                      Says("checkpoints in a row that may fail to be written before the run ends")
                          .Within({0, 65536})));
}

void AddRunKeys(std::vector<RecipeKey>* keys) {
  keys->push_back(Key("run.device", kFree, FIELD(run.device),
                      Says("where to compute; auto: the best there is; emulated: a CPU behind a "
                           "wall, for tests of this program, which evaluates and does not train")
                          .OneOf({"auto", "cpu", "emulated"})));
  keys->push_back(Key("run.cores", kFree, FIELD(run.cores),
                      Says("cores to use; 0: all this process may use").Within({0, 65536})));
  keys->push_back(
      Key("run.lanes_at_once", kFree, FIELD(run.lanes_at_once),
          Says("lanes computed at the same time; 0: as cores allow").Within({0, 65536})));
  keys->push_back(
      Key("run.sample_threads", kFree, FIELD(run.sample_threads),
          Says("threads that decode and augment, per rank; 0: one for each of its cores")
              .Within({0, 1024})));
  keys->push_back(Key("run.heartbeat_limit", kFree, FIELD(run.heartbeat_limit),
                      Says("seconds of silence after which a rank counts as lost")
                          .Within({.low = 0.5, .high = 86400})));
  keys->push_back(Key("run.step_limit", kFree, FIELD(run.step_limit),
                      Says("seconds that ranks wait for one another in a step")
                          .Within({.low = 0.5, .high = 864000})));
  keys->push_back(
      Key("run.job_margin", kFree, FIELD(run.job_margin),
          Says("seconds kept free before the end of a SLURM job, beyond what a step and "
               "a checkpoint have taken: the run then stops by itself; 0: it does not "
               "watch the job's time")
              .Within({.low = 0, .high = 864000})));
  keys->push_back(
      Key("run.log_every", kFree, FIELD(run.log_every),
          Says("steps between lines of progress where there is no terminal").Within(kCount64)));
}

#undef FIELD

std::vector<RecipeKey> MakeKeys() {
  std::vector<RecipeKey> keys;
  AddTaskKey(&keys);
  AddDataKeys(&keys);
  AddModelKeys(&keys);
  AddBatchKeys(&keys);
  AddTrainKeys(&keys);
  AddSyncKey(&keys);
  AddLossKeys(&keys);
  AddOptimizerKeys(&keys);
  AddScheduleKeys(&keys);
  AddAugmentAndEvalKeys(&keys);
  AddCheckpointKeys(&keys);
  AddRunKeys(&keys);
  return keys;
}

}  // namespace

const std::vector<RecipeKey>& RecipeKeys() {
  static const std::vector<RecipeKey>* const keys = new std::vector<RecipeKey>(MakeKeys());
  return *keys;
}

const RecipeKey* FindRecipeKey(std::string_view name) {
  const auto& keys = RecipeKeys();
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [name](const RecipeKey& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

bool IsReservedRecipeKey(std::string_view name) {
  static constexpr std::string_view kReserved[] = {"sampler", "decode", "cpu_isa", "workspace_mib",
                                                   "tune_seconds"};
  const std::string_view group = name.substr(0, name.find('.'));
  return std::find(std::begin(kReserved), std::end(kReserved), group) != std::end(kReserved);
}

}  // namespace lockstep::cluster
