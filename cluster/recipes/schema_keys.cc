// SPDX-License-Identifier: Apache-2.0
// The table of recipe keys. To add a key: a field in TrainConfig whose default never changes (or
// whose `unhashed` stays), and one entry here.
#include <algorithm>
#include <type_traits>

#include "cluster/recipes/schema.h"

namespace lockstep::cluster {
namespace {

using worker::TrainConfig;

constexpr double kMaxInt32 = 2147483647.0;
constexpr double kMaxInt64 = 9223372036854775807.0;
constexpr double kMaxDouble = 1.7976931348623157e308;
constexpr KeyRange kCount32 = {1, kMaxInt32};
constexpr KeyRange kCountOrZero32 = {0, kMaxInt32};
constexpr KeyRange kCount64 = {1, kMaxInt64};
constexpr KeyRange kCountOrZero64 = {0, kMaxInt64};
constexpr KeyRange kPositive = {.low = 0, .high = kMaxDouble, .low_open = true};
constexpr KeyRange kNotNegative = {0, kMaxDouble};
constexpr KeyRange kBelowOne = {.low = 0, .high = 1, .high_open = true};

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

// A key bound to the field of TrainConfig that the captureless lambda `Field` returns.
template <typename Field>
RecipeKey Key(std::string name, KeyRole role, Field, std::string doc) {
  RecipeKey key;
  key.name = std::move(name);
  key.role = role;
  key.doc = std::move(doc);
  key.get = [](const TrainConfig& config) { return ToValue(Field{}(config)); };
  key.set = [](TrainConfig* config, const KeyValue& value) { FromValue(value, &Field{}(*config)); };
  key.type = static_cast<KeyType>(key.Default().index());
  return key;
}

RecipeKey Within(KeyRange range, RecipeKey key) {
  key.range = range;
  return key;
}

RecipeKey OneOf(std::vector<std::string> allowed, RecipeKey key) {
  key.allowed = std::move(allowed);
  return key;
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
  keys->push_back(Within(kCount64, Key("data.window_shards", kFixed, FIELD(data.window_shards),
                                       "shards a lane shuffles together")));
}

void AddModelKeys(std::vector<RecipeKey>* keys) {
  keys->push_back(Required("lenet5", Key("model.name", kFixed, FIELD(model.name),
                                         "the network; `lockstep models` lists them")));
  keys->push_back(Within(kCountOrZero32, Key("model.classes", kFixed, FIELD(model.classes),
                                             "classes to tell apart; 0: as the dataset has")));
  keys->push_back(
      OneOf({"", "relu", "tanh"}, Key("model.activation", kFixed, FIELD(model.activation),
                                      "activation; \"\": the model's own")));
  keys->push_back(OneOf({"", "max", "avg"}, Key("model.pool", kFixed, FIELD(model.pool),
                                                "pooling; \"\": the model's own")));
  RecipeKey dropout = Within(kBelowOne, Key("model.dropout", kFixed, FIELD(model.dropout),
                                            "probability of dropping; -1: the model's own"));
  dropout.unset = -1.0;
  keys->push_back(std::move(dropout));
  keys->push_back(
      OneOf({"", "imagenet", "cifar"},
            Key("model.stem", kFixed, FIELD(model.stem),
                "first layers; cifar: a 3x3 convolution without stride or pooling, for small "
                "images; \"\": the model's own")));
  keys->push_back(Key("model.zero_init_residual", kFixed, FIELD(model.zero_init_residual),
                      "the last norm of each residual branch starts with scale 0"));
  RecipeKey weights =
      Key("model.weights", kFixed, FIELD(model.weights),
          "what to start from: RUN, RUN@best, RUN@STEP, RUN@CHECKPOINT, or the path "
          "of a safetensors file with torchvision's names or of a checkpoint, "
          "relative to the current directory; \"\": as the seed draws them");
  weights.is_path = true;
  keys->push_back(std::move(weights));
}

void AddBatchKeys(std::vector<RecipeKey>* keys) {
  keys->push_back(Within({1, 65536}, Key("batch.lanes", kFixed, FIELD(batch.lanes),
                                         "logical slices of the batch: the most ranks a run of "
                                         "this recipe can ever use")));
  keys->push_back(Within({1, 1048576}, Key("batch.lane_batch", kFixed, FIELD(batch.lane_batch),
                                           "samples of a lane a step; global batch = lanes x "
                                           "lane_batch")));
  keys->push_back(Within({1, 1024}, Key("batch.lane_threads", kFixed, FIELD(batch.lane_threads),
                                        "threads that compute one lane")));
}

void AddTrainKeys(std::vector<RecipeKey>* keys) {
  keys->push_back(
      Within(kCount32, Key("train.epochs", kBranch, FIELD(epochs), "passes over the data")));
  keys->push_back(
      Within(kCountOrZero64, Key("train.seed", kFixed, FIELD(seed), "seed of all random streams")));
  keys->push_back(OneOf({"fp32", "fp64"}, Key("train.precision", kFixed, FIELD(precision),
                                              "arithmetic; fp64 is an oracle: one lane only")));
  keys->push_back(Within(kCountOrZero64, Key("train.max_steps", kFree, FIELD(max_steps),
                                             "end the run after this many steps; 0: run all "
                                             "epochs")));
  RecipeKey kernels = OneOf({"reference", "auto"},
                            Key("train.kernels", kFixed, FIELD(kernels),
                                "auto: the fastest there are; reference (and always with fp64): "
                                "plain loops, equal bits on every x86-64 machine"));
  kernels.unhashed = std::string("reference");  // the default when the first digests were stored
  keys->push_back(std::move(kernels));
  RecipeKey kernel_file =
      OnlyWith("train.kernels", "auto",
               Key("train.kernel_file", kFixed, FIELD(kernel_file),
                   "file with kernels chosen by `lockstep tune`, relative to the current "
                   "directory; a run keeps a copy; \"\": the first of each op"));
  kernel_file.is_path = true;
  keys->push_back(std::move(kernel_file));
  RecipeKey isa = OneOf({"native", "x86-64", "avx2", "avx512"},
                        Key("train.cpu_isa", kFixed, FIELD(cpu_isa),
                            "instruction set of the kernels; for machines of several kinds, the "
                            "smallest they have"));
  isa.only_with_key = "train.kernels";
  isa.only_with_value = "auto";
  keys->push_back(std::move(isa));
  keys->push_back(OneOf({"stop", "skip"}, Key("train.nonfinite", kBranch, FIELD(nonfinite),
                                              "what a step whose loss or gradient is not finite "
                                              "does: stop the run, or skip the update")));
  RecipeKey recompute = OneOf({"none", "blocks"},
                              Key("train.recompute", kFree, FIELD(recompute),
                                  "activations dropped after the forward and computed again in the "
                                  "backward: those inside blocks, or the cheapest until a lane's "
                                  "are within a budget in MiB"));
  recompute.or_count = true;
  keys->push_back(std::move(recompute));
  keys->push_back(Within(kCount64, Key("train.digest_every", kBranch, FIELD(digest_every),
                                       "steps between digests of the whole training state")));
}

void AddSyncKey(std::vector<RecipeKey>* keys) {
  keys->push_back(OneOf({"lockstep", "allreduce"},
                        Key("sync", kFixed, FIELD(sync),
                            "how gradients are summed; allreduce: in the network's order, so the "
                            "number of ranks shows in the bits")));
}

void AddLossKeys(std::vector<RecipeKey>* keys) {
  keys->push_back(
      OneOf({"cross-entropy"}, Key("loss.name", kFixed, FIELD(loss.name), "loss function")));
  keys->push_back(
      Within(kBelowOne, Key("loss.label_smoothing", kBranch, FIELD(loss.label_smoothing),
                            "probability given to the other classes")));
}

void AddOptimizerKeys(std::vector<RecipeKey>* keys) {
  const std::string name = "optimizer.name";
  keys->push_back(OneOf({"sgd", "adam"}, Key(name, kFixed, FIELD(optimizer.name), "update rule")));
  keys->push_back(Within(kPositive, Key("optimizer.lr", kBranch, FIELD(optimizer.lr),
                                        "learning rate before the schedule")));
  keys->push_back(
      OnlyWith(name, "sgd",
               Within(kBelowOne, Key("optimizer.momentum", kBranch, FIELD(optimizer.momentum),
                                     "share of the last update kept"))));
  keys->push_back(
      OnlyWith(name, "sgd",
               Key("optimizer.nesterov", kBranch, FIELD(optimizer.nesterov), "Nesterov momentum")));
  keys->push_back(OnlyWith(name, "adam",
                           Within(kBelowOne, Key("optimizer.beta1", kBranch, FIELD(optimizer.beta1),
                                                 "decay of the mean of gradients"))));
  keys->push_back(OnlyWith(name, "adam",
                           Within(kBelowOne, Key("optimizer.beta2", kBranch, FIELD(optimizer.beta2),
                                                 "decay of the mean of squared gradients"))));
  keys->push_back(OnlyWith(name, "adam",
                           Within(kPositive, Key("optimizer.eps", kBranch, FIELD(optimizer.eps),
                                                 "added to the root of that mean"))));
  keys->push_back(
      Within(kNotNegative, Key("optimizer.weight_decay", kBranch, FIELD(optimizer.weight_decay),
                               "L2 penalty added to the gradient")));
  keys->push_back(
      Within(kNotNegative, Key("optimizer.clip_norm", kBranch, FIELD(optimizer.clip_norm),
                               "largest global norm of the gradient; 0: no limit")));
}

void AddScheduleKeys(std::vector<RecipeKey>* keys) {
  const std::string name = "schedule.name";
  keys->push_back(OneOf({"constant", "step", "cosine"},
                        Key(name, kBranch, FIELD(schedule.name), "course of the learning rate")));
  keys->push_back(
      Within(kNotNegative, Key("schedule.warmup_epochs", kBranch, FIELD(schedule.warmup_epochs),
                               "epochs of linear rise from 0")));
  keys->push_back(
      OnlyWith(name, "step",
               Within(kPositive, Key("schedule.step_epochs", kBranch, FIELD(schedule.step_epochs),
                                     "epochs between drops"))));
  keys->push_back(
      OnlyWith(name, "step",
               Within({.low = 0, .high = 1, .low_open = true},
                      Key("schedule.gamma", kBranch, FIELD(schedule.gamma), "factor of a drop"))));
  keys->push_back(
      OnlyWith(name, "cosine",
               Within(kNotNegative, Key("schedule.final_lr", kBranch, FIELD(schedule.final_lr),
                                        "learning rate at the end"))));
}

void AddAugmentAndEvalKeys(std::vector<RecipeKey>* keys) {
  keys->push_back(Key("augment.train", kBranch, FIELD(augment_train),
                      "what is done to a training image, in order"));
  keys->push_back(Key("augment.val", kBranch, FIELD(augment_val),
                      "what is done to an image in evaluation, in order"));
  keys->push_back(Within({1, 1048576}, Key("eval.batch", kBranch, FIELD(eval.batch),
                                           "samples of a lane an evaluation batch")));
  keys->push_back(Within(kCount32, Key("eval.every_epochs", kBranch, FIELD(eval.every_epochs),
                                       "epochs between evaluations")));
  keys->push_back(Key("eval.best", kBranch, FIELD(eval.best),
                      "metric by which an evaluation is the best, or \"loss\"; \"\": that of the "
                      "task"));
}

void AddCheckpointKeys(std::vector<RecipeKey>* keys) {
  keys->push_back(
      Within(kCountOrZero64, Key("checkpoint.every_steps", kFree, FIELD(checkpoint.every_steps),
                                 "steps between checkpoints; 0: one at the end of every epoch")));
  keys->push_back(Within({2, 65536}, Key("checkpoint.keep_last", kFree, FIELD(checkpoint.keep_last),
                                         "newest ones kept")));
  keys->push_back(Key("checkpoint.keep_best", kFree, FIELD(checkpoint.keep_best),
                      "also keep the one with the best evaluation, and take one before every "
                      "evaluation"));
  keys->push_back(
      Within({0, 65536}, Key("checkpoint.max_missed", kFree, FIELD(checkpoint.max_missed),
                             "checkpoints in a row that may fail to be written before the run "
                             "ends")));
}

void AddRunKeys(std::vector<RecipeKey>* keys) {
  keys->push_back(OneOf({"auto", "cpu"}, Key("run.device", kFree, FIELD(run.device),
                                             "where to compute; auto: the best there is")));
  keys->push_back(Within({0, 65536}, Key("run.cores", kFree, FIELD(run.cores),
                                         "cores to use; 0: all this process may use")));
  keys->push_back(Within({0, 65536}, Key("run.lanes_at_once", kFree, FIELD(run.lanes_at_once),
                                         "lanes computed at the same time; 0: as cores allow")));
  keys->push_back(Within({.low = 0.5, .high = 86400},
                         Key("run.heartbeat_limit", kFree, FIELD(run.heartbeat_limit),
                             "seconds of silence after which a rank counts as "
                             "lost")));
  keys->push_back(Within({.low = 0.5, .high = 864000},
                         Key("run.step_limit", kFree, FIELD(run.step_limit),
                             "seconds that ranks wait for one another in a step")));
  keys->push_back(
      Within(kCount64, Key("run.log_every", kFree, FIELD(run.log_every),
                           "steps between lines of progress where there is no terminal")));
}

#undef FIELD

std::vector<RecipeKey> MakeKeys() {
  std::vector<RecipeKey> keys;
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
