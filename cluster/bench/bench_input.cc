// SPDX-License-Identifier: Apache-2.0
#include "cluster/bench/bench_input.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/clock.h"
#include "base/cores.h"
#include "base/file.h"
#include "base/format.h"
#include "graph/tasks/registry.h"
#include "storage/dataset/dataset.h"
#include "storage/loader/loader_timing.h"
#include "storage/loader/train_loader.h"
#include "storage/order/dataset_order.h"
#include "worker/run/loaders.h"

namespace lockstep::cluster {
namespace {

using storage::LoaderTiming;

constexpr double kUsualSeconds = 10.0;
constexpr double kPatience = 600.0;  // seconds that one batch may take
// Images a second of devices, to say how many threads each needs.
constexpr int64_t kDevices[] = {100, 1000, 3000, 10000};

double Since(TimePoint begin) {
  return std::chrono::duration<double>(Clock::Real().Now() - begin).count();
}

// Everything that the report is made of.
struct Figures {
  const worker::TrainConfig& config;
  const BenchInputOptions& options;
  int32_t threads = 1, cores = 1;
  int64_t samples = 0;       // of the split
  int64_t tensor_bytes = 0;  // of the batches that were given
  std::string tensors;       // of the first lane's batch
  int64_t batches = 0, images = 0;
  double first_batch_seconds = 0.0;
  int64_t later_images = 0;  // after the first batch, and how long they took
  double later_seconds = 0.0;
  double waited_seconds = 0.0;
  std::shared_ptr<LoaderTiming> timing;

  double images_per_second() const {
    return later_images > 0 ? static_cast<double>(later_images) / std::max(1e-9, later_seconds)
                            : static_cast<double>(images) / std::max(1e-9, first_batch_seconds);
  }
  // Milliseconds of a thread for each image.
  double read_ms() const { return PerImage(timing->read_ns, timing->records); }
  double decode_ms() const { return PerImage(timing->decode_ns, timing->rows); }
  double augment_ms() const { return PerImage(timing->augment_ns(), timing->rows); }
  double write_ms() const { return PerImage(timing->write_ns, timing->rows); }
  double all_ms() const { return read_ms() + decode_ms() + augment_ms() + write_ms(); }
  double record_bytes() const { return Mean(timing->record_bytes, timing->records); }
  double batch_bytes() const {
    return static_cast<double>(tensor_bytes) / static_cast<double>(std::max<int64_t>(1, images));
  }
  int64_t ThreadsFor(int64_t images_a_second) const {
    return static_cast<int64_t>(
        std::ceil(static_cast<double>(images_a_second) * all_ms() / 1000.0));
  }

 private:
  static double Mean(int64_t sum, int64_t count) {
    return static_cast<double>(sum) / static_cast<double>(std::max<int64_t>(1, count));
  }
  static double PerImage(int64_t ns, int64_t count) { return 1e-6 * Mean(ns, count); }
};

Status CheckOptions(const BenchInputOptions& options) {
  if (options.seconds && options.batches) {
    return InvalidArgument("give --seconds or --batches, not both");
  }
  if (options.threads >= 0 && options.seconds.value_or(1) > 0 && options.batches.value_or(1) >= 1) {
    return OkStatus();
  }
  return InvalidArgument(
      "--threads must be at least 0, --seconds above 0 and --batches at least 1");
}

Status Measure(storage::TrainLoader* loader, TimePoint began, Figures* figures) {
  const BenchInputOptions& options = figures->options;
  const double seconds = options.batches ? std::numeric_limits<double>::max()
                                         : options.seconds.value_or(kUsualSeconds);
  const int64_t batches = options.batches.value_or(std::numeric_limits<int64_t>::max());
  TimePoint first;
  do {
    const auto patience =
        std::chrono::duration_cast<Duration>(std::chrono::duration<double>(kPatience));
    ASSIGN_OR_RETURN(const storage::StepBatch batch, loader->Next(Deadline::In(patience)));
    int64_t images = 0;
    for (const storage::LaneBatch& lane : batch.lanes) {
      images += lane.rows;
      figures->tensor_bytes += lane.bytes();
    }
    figures->images += images;
    if (++figures->batches == 1) {
      first = Clock::Real().Now();
      figures->first_batch_seconds = Since(began);
      figures->tensors = batch.lanes[0].ToString();
    } else {
      figures->later_images += images;
      figures->later_seconds = Since(first);
    }
  } while (figures->batches < batches && Since(first) < seconds && !loader->Done());
  figures->waited_seconds = loader->waited_seconds();
  return OkStatus();
}

std::string Listed(const std::vector<std::string>& operations) {
  std::string text;
  for (const std::string& operation : operations) text += (text.empty() ? "" : ", ") + operation;
  return text.empty() ? "nothing" : text;
}

void PrintFigures(const Figures& f, std::ostream& out) {
  const worker::TrainConfig& config = f.config;
  out << "bench input: " << f.options.recipe << ", " << config.data.dataset << ", split "
      << config.data.train << " of " << f.samples << " images\n"
      << "augment.train: " << Listed(config.augment_train) << "\n"
      << "V = " << config.batch.lanes << " lanes, lane_batch = " << config.batch.lane_batch
      << ", tensors of a lane " << f.tensors << "; threads " << f.threads << " on " << f.cores
      << " cores\n\n";
  const auto line = [&](const char* name, double value, const char* unit) {
    out << Format("%-34s %11.1f %s\n", name, value, unit);
  };
  line("images a second", f.images_per_second(), "");
  line("  read, records", 1e-6 * f.images_per_second() * f.record_bytes(), "MB/s");
  line("  written, batches", 1e-6 * f.images_per_second() * f.batch_bytes(), "MB/s");
  line("time to the first batch", 1e3 * f.first_batch_seconds, "ms");
  out << Format("\n%-34s %11s %7s\n", "an image takes a thread", "ms", "share");
  const auto part = [&](const char* name, double ms) {
    out << Format("%-34s %11.4f %6.1f%%\n", name, ms, 100.0 * ms / std::max(1e-9, f.all_ms()));
  };
  part("  read its record", f.read_ms());
  part("  decode", f.decode_ms());
  part("  augment", f.augment_ms());
  part("  write to the batch", f.write_ms());
  part("all", f.all_ms());
  out << "\n";
  for (const int64_t device : kDevices) {
    out << Format("a device that trains %6lld images a second needs %4lld such threads\n",
                  static_cast<long long>(device), static_cast<long long>(f.ThreadsFor(device)));
  }
  out << "measured " << f.images << " images in " << f.batches << " batches";
  if (f.threads > f.cores) out << "; with more threads than cores, times hold waiting for a core";
  out << "\n" << std::flush;
}

Status WriteJson(const Figures& f) {
  const worker::TrainConfig& config = f.config;
  nlohmann::ordered_json json = {{"version", LOCKSTEP_VERSION},
                                 {"recipe", f.options.recipe},
                                 {"dataset", config.data.dataset},
                                 {"split", config.data.train},
                                 {"samples", f.samples},
                                 {"augment", config.augment_train},
                                 {"lanes", config.batch.lanes},
                                 {"lane_batch", config.batch.lane_batch},
                                 {"tensors", f.tensors},
                                 {"threads", f.threads},
                                 {"cores", f.cores},
                                 {"batches", f.batches},
                                 {"images", f.images},
                                 {"images_per_second", f.images_per_second()},
                                 {"first_batch_ms", 1e3 * f.first_batch_seconds},
                                 {"waited_ms", 1e3 * f.waited_seconds},
                                 {"record_bytes_per_image", f.record_bytes()},
                                 {"batch_bytes_per_image", f.batch_bytes()},
                                 {"thread_ms_per_image",
                                  {{"read", f.read_ms()},
                                   {"decode", f.decode_ms()},
                                   {"augment", f.augment_ms()},
                                   {"write", f.write_ms()},
                                   {"all", f.all_ms()}}},
                                 {"threads_for", nlohmann::ordered_json::array()}};
  for (const int64_t device : kDevices) {
    json["threads_for"].push_back(
        {{"images_per_second", device}, {"threads", f.ThreadsFor(device)}});
  }
  // Names from the command line may hold bytes that are no UTF-8.
  const std::string text =
      json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  const Status written = WriteFileAtomic(f.options.json, text);
  if (written.ok()) return OkStatus();
  return Status(written.code(), written.message() + "; choose another place with --json");
}

}  // namespace

namespace {

// The tensors that the task reads; where no field fits it, of every field that a batch can hold.
std::vector<InputSpec> InputsFor(const worker::TrainConfig& config, const Schema& schema) {
  const Result<const graph::Task*> task = graph::FindTask(config.task);
  if (task.ok()) {
    Result<std::vector<InputSpec>> inputs = graph::InputsOf(**task, schema);
    if (inputs.ok()) return *std::move(inputs);
  }
  std::vector<InputSpec> inputs;
  bool has_image = false;
  for (const FieldSpec& field : schema.fields) {
    const bool image = field.kind == FieldKind::kImage;
    const bool other = field.kind == FieldKind::kLabel || field.kind == FieldKind::kLabels ||
                       field.kind == FieldKind::kNumbers || field.kind == FieldKind::kMask;
    if (!other && !(image && !has_image)) continue;
    has_image = has_image || image;
    inputs.push_back({.tensor = field.name, .field = field.name});
  }
  return inputs;
}

}  // namespace

Status RunBenchInput(const worker::TrainConfig& config, const BenchInputOptions& options,
                     std::ostream& out) {
  RETURN_IF_ERROR(CheckOptions(options));
  ASSIGN_OR_RETURN(const auto dataset, storage::Dataset::Open(config.data.dataset));
  ASSIGN_OR_RETURN(
      const storage::OrderSpec order,
      storage::OrderSpecFor(dataset->info(), config.data.train, config.batch.lanes,
                            config.batch.lane_batch, config.data.window_shards, config.seed));
  Figures figures{.config = config, .options = options};
  figures.cores = AvailableCores();
  figures.threads = options.threads > 0 ? options.threads : figures.cores;
  figures.samples = order.samples;
  figures.timing = std::make_shared<LoaderTiming>();
  storage::TrainLoaderOptions loading = worker::LoaderOptionsOf(config, order);
  loading.inputs = InputsFor(config, dataset->info().schema);
  loading.lanes = {0, config.batch.lanes};
  loading.epochs = std::numeric_limits<int32_t>::max();
  loading.threads = figures.threads;
  loading.timing = figures.timing;
  const TimePoint began = Clock::Real().Now();
  ASSIGN_OR_RETURN(auto loader, storage::TrainLoader::Make(dataset.get(), loading));
  RETURN_IF_ERROR(Measure(loader.get(), began, &figures));
  loader.reset();  // its threads end, and count no more
  PrintFigures(figures, out);
  return options.json.empty() ? OkStatus() : WriteJson(figures);
}

}  // namespace lockstep::cluster
