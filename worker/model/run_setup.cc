// SPDX-License-Identifier: Apache-2.0
#include "worker/model/run_setup.h"

#include <algorithm>
#include <cstdint>
#include <map>

#include "base/cores.h"
#include "base/fault_point.h"
#include "base/process_limits.h"
#include "comm/reduce/canonical_tree.h"
#include "comm/reduce/subtree_sums.h"
#include "graph/tasks/registry.h"
#include "storage/augment/augment.h"
#include "storage/image/image_decoder.h"
#include "storage/loader/batch_builder.h"
#include "storage/loader/field_values.h"
#include "storage/loader/train_loader.h"
#include "storage/order/dataset_order.h"
#include "worker/device/make_device.h"
#include "worker/device/openmp_settings.h"
#include "worker/model/state_tensors.h"

namespace lockstep::worker {
namespace {

constexpr size_t kLargestNamed = 5;  // tensors at the peak that a refusal names

Status CheckRanks(const TrainConfig& config) {
  const int32_t ranks = config.run.ranks, lanes = config.batch.lanes;
  if (ranks < 1 || ranks > lanes) {
    return InvalidArgument("ranks are " + std::to_string(ranks) + " and batch.lanes " +
                           std::to_string(lanes) +
                           "; a rank needs at least one lane: use at most " +
                           std::to_string(lanes) + " ranks, or more lanes (new mathematics)");
  }
  if (config.precision == DType::kFloat64 && (ranks != 1 || lanes != 1)) {
    return InvalidArgument(
        "train.precision = \"fp64\" is the oracle: it needs batch.lanes = 1 and "
        "one rank, got " +
        std::to_string(lanes) + " lanes on " + std::to_string(ranks));
  }
  if (config.batch.lane_threads != 1 && config.reference_kernels()) {
    return InvalidArgument("batch.lane_threads is " + std::to_string(config.batch.lane_threads) +
                           "; the reference kernels run one thread per lane: set it to 1");
  }
  return OkStatus();
}

// The cores of one rank.
int32_t CoresOfRank(const TrainConfig& config) {
  const int32_t cores = config.run.cores > 0 ? config.run.cores : AvailableCores();
  const int32_t sharing =
      config.run.ranks_on_cores > 0 ? config.run.ranks_on_cores : config.run.ranks;
  return std::max(1, cores / sharing);
}

// They work while lanes compute, on the same cores.
int32_t SampleThreads(const TrainConfig& config) {
  return config.run.sample_threads > 0 ? config.run.sample_threads : CoresOfRank(config);
}

int32_t LanesAtOnce(const TrainConfig& config) {
  int32_t at_once = config.run.lanes_at_once;
  if (at_once <= 0) at_once = CoresOfRank(config) / config.batch.lane_threads;
  const int32_t most = (config.batch.lanes + config.run.ranks - 1) / config.run.ranks;
  return std::clamp(at_once, 1, most);
}

Result<Shape> ShapeAfter(const std::vector<std::string>& operations, const std::string& split,
                         const storage::DatasetInfo& info) {
  ASSIGN_OR_RETURN(const storage::SplitInfo found, info.Split(split));
  ASSIGN_OR_RETURN(const storage::Augmentation augmentation,
                   storage::Augmentation::Parse(operations, {info.channel_mean, info.channel_std}));
  return storage::AugmentedShape(info, found, augmentation);
}

Result<DataShape> ShapeOf(const TrainConfig& config, const storage::DatasetInfo& info) {
  DataShape data;
  data.schema = info.schema;
  ASSIGN_OR_RETURN(data.image, ShapeAfter(config.augment_train, config.data.train, info));
  if (config.data.val.empty()) return data;
  ASSIGN_OR_RETURN(data.eval_image, ShapeAfter(config.augment_val, config.data.val, info));
  return data;
}

// A field of each kind that a batch can hold, so that any task finds those it reads.
Schema OneOfEachKind(int64_t classes) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < classes; ++i) names.push_back(std::to_string(i));
  Schema schema = ImageAndLabel(names);
  schema.fields.push_back({.name = "labels", .kind = FieldKind::kLabels, .classes = names});
  schema.fields.push_back({.name = "numbers", .kind = FieldKind::kNumbers, .most = classes});
  schema.fields.push_back({.name = "mask", .kind = FieldKind::kMask, .classes = names});
  schema.fields.push_back({.name = "boxes", .kind = FieldKind::kBoxes, .most = 1});
  schema.fields.push_back({.name = "box_labels",
                           .kind = FieldKind::kBoxLabels,
                           .of = "boxes",
                           .classes = std::move(names)});
  return schema;
}

// Device and model of a setup.
Status CompileFor(const TrainConfig& config, const DataShape& data, CompiledModel::Options compile,
                  RunSetup* setup) {
  setup->lanes_at_once = LanesAtOnce(config);
  setup->sample_threads = SampleThreads(config);
  if (!config.reference_kernels()) {  // those use no OpenMP
    RETURN_IF_ERROR(CheckOpenMpSettings(comm::ProcessEnvironment(),
                                        setup->lanes_at_once * config.batch.lane_threads));
  }
  ASSIGN_OR_RETURN(graph::Program program, MakeProgram(config, data));
  RETURN_IF_ERROR(graph::MetricForBest(program.task(), config.eval.best).status());
  ASSIGN_OR_RETURN(setup->device, MakeDevice({.name = config.run.device,
                                              .reference_kernels = config.reference_kernels(),
                                              .cpu_isa = config.cpu_isa,
                                              .threads = config.batch.lane_threads}));
  ASSIGN_OR_RETURN(setup->kernels, LoadRunKernels(config, setup->device->spec()));
  compile.kernels = setup->kernels.choices;
  compile.poison = config.poison;
  // Worth its memory where a rank has several lanes.
  compile.prepare_parameters = config.batch.lanes > config.run.ranks;
  ASSIGN_OR_RETURN(compile.recompute, graph::RecomputePolicy::Parse(config.recompute));
  ASSIGN_OR_RETURN(setup->model,
                   CompiledModel::Make(std::move(program), setup->device.get(), compile));
  return OkStatus();
}

// What the task keeps of every sample of an evaluation, with its id and length.
Status CheckRows(const TrainConfig& config, const RunSetup& setup) {
  constexpr int64_t kIdAndLength = 16;
  const int64_t bytes = setup.model->program().score_bytes();
  if (bytes == 0 || setup.eval.samples == 0) return OkStatus();
  const int64_t each = bytes + kIdAndLength, mib = int64_t{1} << 20;
  if (setup.eval.samples <= config.eval.max_rows_mib * mib / each) return OkStatus();
  const int64_t needed = each > INT64_MAX / setup.eval.samples
                             ? INT64_MAX / mib
                             : (each * setup.eval.samples + mib - 1) / mib;
  return InvalidArgument(
      "the task '" + config.task + "' keeps " + std::to_string(each) + " bytes of each of the " +
      std::to_string(setup.eval.samples) + " samples of the split '" + config.data.val + "', " +
      std::to_string(needed) + " MiB, and eval.max_rows_mib is " +
      std::to_string(config.eval.max_rows_mib) + "; set it to " + std::to_string(needed) +
      " where rank 0 has that memory, or evaluate a smaller split (data.val)");
}

// A mask of 8 bits tells at most 255 classes apart: its largest value is for pixels to ignore, and
// a model of more classes takes it for a class. The first sample of each split is looked at.
Status CheckMasks(const TrainConfig& config, const RunSetup& setup) {
  constexpr int64_t kMostOf8Bits = 255;
  const graph::Program& program = setup.model->program();
  const int64_t classes = program.options().model_options.classes;
  if (classes <= kMostOf8Bits) return OkStatus();
  storage::ImageDecoder decoder;
  for (const InputSpec& input : program.inputs()) {
    const int index = program.options().schema.IndexOf(input.field);
    const FieldSpec& field = program.options().schema.fields[static_cast<size_t>(index)];
    if (field.kind != FieldKind::kMask) continue;
    for (const std::string& name : {config.data.train, config.data.val}) {
      if (name.empty()) continue;
      ASSIGN_OR_RETURN(const storage::SplitInfo split, setup.dataset->info().Split(name));
      ASSIGN_OR_RETURN(const storage::Record record, setup.dataset->Read(SampleId(split.first_id)));
      const storage::FieldView value = record.field(static_cast<size_t>(index));
      if (value.absent()) continue;
      ASSIGN_OR_RETURN(const storage::MaskField mask, storage::ReadMask(value, &decoder));
      if (mask.ignore != kMostOf8Bits) continue;
      return InvalidArgument(
          "the model has " + std::to_string(classes) + " classes, and the masks of field '" +
          field.name + "' in split '" + name +
          "' have 8 bits, of which 255 means that a pixel is ignored; use PNG masks of 16 bits, "
          "or set model.classes to at most 255");
    }
  }
  return OkStatus();
}

// A random stream's counter has 32 bits for the step.
Status CheckSteps(int64_t steps) {
  if (steps <= int64_t{1} << 32) return OkStatus();
  return InvalidArgument("the run has " + std::to_string(steps) +
                         " steps and random streams tell 4294967296 apart; lower train.epochs, or "
                         "make batch.lane_batch larger");
}

}  // namespace

std::vector<std::string> ClassNames(const TrainConfig& config, const storage::DatasetInfo& info) {
  const Result<const graph::Task*> task = graph::FindTask(config.task);
  if (!task.ok()) return {};
  const Result<std::vector<InputSpec>> inputs = graph::InputsOf(**task, info.schema);
  if (!inputs.ok()) return {};
  for (const InputSpec& input : *inputs) {
    const FieldSpec* field = info.schema.Find(input.field);
    if (field != nullptr && !field->classes.empty()) return field->classes;
  }
  return {};
}

Result<graph::Program> MakeProgram(const TrainConfig& config, const DataShape& data) {
  graph::ProgramOptions options;
  options.model = config.model.name;
  const ModelConfig& m = config.model;
  ASSIGN_OR_RETURN(const graph::Task* task, graph::FindTask(config.task));
  const graph::OutputCount outputs = task->Outputs(data.schema);
  options.model_options = {.classes = m.classes > 0 ? m.classes : outputs.count, .own = m.options};
  if (options.model_options.classes < outputs.count) {
    return InvalidArgument("model.classes is " + std::to_string(options.model_options.classes) +
                           " and the dataset has " + std::to_string(outputs.count) + " " +
                           std::string(outputs.of) +
                           "; remove model.classes or make it at least that");
  }
  options.image = data.image;
  options.eval_image = data.eval_image;
  options.task = config.task;
  options.task_options = config.task_options;
  options.schema = data.schema;
  options.precision = config.precision;
  options.lane_batch = config.batch.lane_batch;
  options.loss = {config.loss.name, config.loss.options};
  options.rewrite = !config.reference_kernels();
  options.optimizer = {config.optimizer.name, config.optimizer.options};
  options.groups = config.optimizer.groups;
  options.freeze = config.model.freeze;
  options.frozen_norms_learn = config.model.frozen_norms == "learn";
  options.ema_decay = config.ema_decay;
  return graph::Program::Make(options);
}

int64_t LaneBatchBytes(const RunSetup& setup) {
  std::map<std::string, int64_t> bytes;  // of each tensor that some phase reads
  for (size_t phase = 0; phase < setup.model->phases(); ++phase) {
    for (const graph::Arg& arg : setup.model->Lane(setup.most_rows, phase).plan().args) {
      if (arg.kind == graph::ArgKind::kInput) bytes[arg.name] = arg.type.bytes();
    }
  }
  int64_t sum = 0;
  for (const auto& [name, size] : bytes) sum += size;
  return sum;
}

namespace {

// The records that the loaders of so many ranks and lanes hold at most: two windows of each lane,
// within a rank's budget; and what threads need for the images they work on: the picture, the next
// one, and what lies between.
int64_t BytesOfSamples(const TrainConfig& config, const RunSetup& setup, int32_t ranks,
                       int64_t lanes) {
  if (setup.dataset == nullptr) return 0;
  constexpr int64_t kImagesOfAThread = 4;
  const storage::DatasetInfo& info = setup.dataset->info();
  const int64_t mean = info.record_bytes / std::max<int64_t>(1, info.samples());
  const int64_t window = config.data.window_shards * info.shard_size;
  const int64_t records =
      std::min({2 * window * lanes, setup.train_split.count,
                ranks * storage::TrainLoaderOptions().cache_bytes / std::max<int64_t>(1, mean)});
  int64_t image = 0;
  for (const storage::SizeExample& size : setup.train_split.sizes) {
    image = std::max(image, size.height * size.width * info.channels);
  }
  return records * mean + int64_t{ranks} * setup.sample_threads * kImagesOfAThread * image;
}

}  // namespace

MemoryReport PlannedMemory(const TrainConfig& config, const RunSetup& setup) {
  const CompiledModel& model = *setup.model;
  const int64_t size = SizeOf(model.precision());
  const int64_t trained = model.space().elements() * size;
  const int64_t statistics = model.running_space().elements() * SizeOf(DType::kFloat64);
  MemoryReport report;
  report.ranks = config.run.ranks_here > 0 ? config.run.ranks_here : config.run.ranks;
  report.lanes_at_once = setup.lanes_at_once;
  report.arena = model.arena_bytes();
  report.arenas = report.ranks * report.lanes_at_once * report.arena;
  report.prepared = report.ranks * model.prepared_bytes();
  report.parameters =
      report.ranks * (model.space().arena_elements() + model.running_space().arena_elements()) *
          size +
      static_cast<int64_t>(model.program().slots().size()) * trained;
  if (model.program().ema_slot()) {  // gathered where they are read
    report.parameters += report.ranks * model.space().arena_elements() * size;
  }
  int64_t lanes_here = 0;
  for (int32_t rank = 0; rank < report.ranks; ++rank) {
    const Range lanes = comm::LanesOfRank(Rank(rank), config.run.ranks, config.batch.lanes);
    lanes_here += lanes.size();
    const int32_t buffers =
        comm::SubtreeSums::BuffersNeeded(lanes, config.batch.lanes, report.lanes_at_once);
    report.gradients += buffers * (trained + statistics);
  }
  report.batches = kBatchesHeld * lanes_here * LaneBatchBytes(setup);
  report.samples = BytesOfSamples(config, setup, report.ranks, lanes_here);
  report.checkpoint = CheckpointCopyBytes(model);
  report.recompute = config.recompute != "none";
  report.arena_is_a_lanes = false;
  const auto look_at = [&](const auto& executors, bool lanes) {
    for (const auto& [rows, executor] : executors) {
      const graph::Plan& plan = executor->plan();
      report.arena_lower_bound = std::max(report.arena_lower_bound, plan.arena_lower_bound);
      if (plan.arena_bytes != report.arena || !report.largest.empty()) continue;
      report.largest = graph::LargestAtPeak(plan, kLargestNamed);
      report.arena_is_a_lanes = lanes;
    }
  };
  for (size_t phase = 0; phase < model.phases(); ++phase) {
    look_at(model.lane_executors(phase), /*lanes=*/true);
  }
  look_at(model.eval_executors(), /*lanes=*/false);
  return report;
}

Status CheckRoomFor(const TrainConfig& config, const RunSetup& setup, int ranks) {
  constexpr int kThreadsOfARank = 7;  // trainer, streams, heartbeat, checkpoints
  // What libraries take besides: the code that oneDNN generates, gRPC, and the arenas that malloc
  // gives threads. Where oneDNN finds no room for its code, it ends the process by a signal.
  constexpr int64_t kBytesOfLibraries = int64_t{256} << 20;
  const MemoryReport plan = PlannedMemory(config, setup);
  const int threads =
      kThreadsOfACommand + ranks * (kThreadsOfARank + setup.sample_threads +
                                    setup.lanes_at_once * config.batch.lane_threads);
  return CheckRoom(threads, plan.peak() / plan.ranks * ranks + kBytesOfLibraries, "training here");
}

Result<RunSetup> SetUp(const TrainConfig& config, const Watch& watch) {
  RETURN_IF_ERROR(CheckRanks(config));
  RunSetup setup;
  watch.Enter("opening the dataset");
  FaultPoint("train.dataset");
  ASSIGN_OR_RETURN(setup.dataset, storage::Dataset::Open(config.data.dataset));
  const storage::DatasetInfo& info = setup.dataset->info();
  ASSIGN_OR_RETURN(setup.train_split, info.Split(config.data.train));
  ASSIGN_OR_RETURN(setup.order, storage::OrderSpecFor(info, config.data.train, config.batch.lanes,
                                                      config.batch.lane_batch,
                                                      config.data.window_shards, config.seed));
  RETURN_IF_ERROR(watch.KeepGoing());
  watch.Enter("compiling");
  FaultPoint("train.compile");
  CompiledModel::Options compile;
  compile.stop = watch.stop;
  compile.lane_rows = storage::RowCounts(setup.order);
  setup.most_rows = compile.lane_rows.back();
  if (!config.data.val.empty()) {
    ASSIGN_OR_RETURN(setup.eval, storage::EvalSpecFor(info, config.data.val, config.batch.lanes,
                                                      config.eval.batch));
    compile.eval_rows = storage::RowCounts(setup.eval);
  }
  ASSIGN_OR_RETURN(const DataShape data, ShapeOf(config, info));
  RETURN_IF_ERROR(CompileFor(config, data, compile, &setup));
  RETURN_IF_ERROR(CheckRows(config, setup));
  RETURN_IF_ERROR(CheckMasks(config, setup));
  setup.steps_per_epoch = storage::StepsPerEpoch(setup.order);
  setup.total_steps = setup.steps_per_epoch * config.epochs;
  ASSIGN_OR_RETURN(setup.learning_rates,
                   graph::LearningRates::Make(config.schedule.name, config.schedule.options,
                                              {.lr = config.optimizer.lr,
                                               .warmup_epochs = config.schedule.warmup_epochs,
                                               .steps_per_epoch = setup.steps_per_epoch,
                                               .total_steps = setup.total_steps}));
  if (config.max_steps > 0) setup.total_steps = std::min(setup.total_steps, config.max_steps);
  RETURN_IF_ERROR(CheckSteps(setup.total_steps));
  return setup;
}

Result<RunSetup> SetUpWithoutData(const TrainConfig& config, const Shape& image, int64_t classes,
                                  bool profile) {
  RETURN_IF_ERROR(CheckRanks(config));
  CompiledModel::Options compile;
  compile.profile = profile;
  compile.lane_rows = {config.batch.lane_batch};
  RunSetup setup;
  setup.most_rows = config.batch.lane_batch;
  const DataShape data = {.image = image, .schema = OneOfEachKind(classes)};
  RETURN_IF_ERROR(CompileFor(config, data, std::move(compile), &setup));
  return setup;
}

}  // namespace lockstep::worker
