// SPDX-License-Identifier: Apache-2.0
#include "cluster/bench/bench_step.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/format.h"
#include "base/resident_memory.h"
#include "base/spread.h"
#include "cluster/bench/image_option.h"
#include "graph/models/models.h"
#include "worker/measure/library_alone.h"
#include "worker/measure/step_measurement.h"

namespace lockstep::cluster {
namespace {

constexpr size_t kSlowest = 5;

Status CheckOptions(const BenchStepOptions& options) {
  if (options.lanes >= 1 && options.lane_batch >= 1 && options.threads >= 1 &&
      options.classes >= 1 && options.cores >= 0 && options.steps >= 1 && options.warmup >= 0) {
    return OkStatus();
  }
  return InvalidArgument(
      "--lanes, --lane-batch, --threads, --classes and --steps must be at least 1, --cores and "
      "--warmup at least 0");
}

worker::TrainConfig ConfigOf(const BenchStepOptions& options, const graph::Model& model) {
  worker::TrainConfig config;
  config.task = std::string(model.task);
  config.loss.name = std::string(model.loss);
  config.model.name = options.model;
  config.model.classes = options.classes;
  config.model.freeze = options.freeze;
  config.batch = {options.lanes, options.lane_batch, options.threads};
  config.optimizer.name = options.optimizer;
  config.optimizer.lr = options.learning_rate;
  config.kernels = options.kernels;
  config.kernel_file = options.kernel_file;
  config.run.cores = options.cores;
  config.seed = options.seed;
  return config;
}

// Everything that the report is made of.
struct Figures {
  const BenchStepOptions& options;
  const Shape image;
  const worker::RunSetup& setup;
  worker::StepMeasurement measured;
  worker::StepProfile profile;
  int64_t resident_bytes = 0;  // peak above the start of the command
  // Medians of steps of the library's primitives alone, without sums over lanes and update; 0: not
  // asked.
  double library_ms = 0.0;      // those that the plan takes
  double library_all_ms = 0.0;  // all that the library has, with no op fused

  int64_t images() const { return options.lanes * options.lane_batch; }
  double images_per_second() const {
    return 1e3 * static_cast<double>(images()) / SpreadOf(measured.step_ms).median;
  }
};

void PrintSpread(const char* name, const std::vector<double>& ms, std::ostream& out) {
  const Spread spread = SpreadOf(ms);
  out << Format("%-34s %11.3f %11.3f %11.3f\n", name, spread.median, spread.min, spread.max);
}

void PrintRows(const char* title, const std::vector<worker::ProfileRow>& rows, double total_ms,
               std::ostream& out) {
  out << Format("\n%-34s %11s %7s %13s %13s %9s\n", title, "ms", "share", "MFLOP", "MB moved",
                "GFLOP/s");
  for (const worker::ProfileRow& row : rows) {
    out << Format("%-34s %11.3f %6.1f%% %13.2f %13.2f %9.1f\n", row.name.c_str(), row.measured_ms,
                  100.0 * row.measured_ms / total_ms, 1e-6 * static_cast<double>(row.flops),
                  1e-6 * static_cast<double>(row.bytes), row.gflops());
  }
}

void PrintProfile(const Figures& figures, std::ostream& out) {
  const worker::StepProfile& profile = figures.profile;
  const double total = profile.total.measured_ms;
  if (figures.options.profile) {
    PrintRows("layer, forward and backward", profile.layers, total, out);
    PrintRows("op (kernel)", profile.kinds, total, out);
  } else {
    PrintRows("slowest layers, both directions", worker::Slowest(profile.layers, kSlowest), total,
              out);
    PrintRows("slowest ops (kernel)", worker::Slowest(profile.kinds, kSlowest), total, out);
  }
  PrintRows("all kernels of a step", {profile.total}, total, out);
  out << "ms: time in kernels, all lanes added; GFLOP/s: of one lane with its threads, of the ops' "
         "plain operations where a kernel does with fewer"
      << (figures.options.profile ? "" : "; --profile lists every layer and op") << "\n";
}

void PrintFigures(const Figures& figures, std::ostream& out) {
  const BenchStepOptions& options = figures.options;
  const worker::StepMeasurement& measured = figures.measured;
  out << "bench step: " << options.model << ", images " << ImageText(figures.image) << ", "
      << options.classes << " classes, fp32, " << options.optimizer
      << (options.freeze.empty() ? "" : ", some parameters frozen") << "\n"
      << "V = " << options.lanes << " lanes, T = " << options.threads
      << " threads per lane, lane_batch = " << options.lane_batch << ": " << figures.images()
      << " images per step; lanes at once " << figures.setup.lanes_at_once << "; kernels "
      << options.kernels << " on " << figures.setup.device->spec().isa
      << (options.kernel_file.empty() ? "" : ", chosen by " + options.kernel_file) << "\n\n";
  out << Format("%-34s %11s %11s %11s\n", "milliseconds", "median", "min", "max");
  PrintSpread("step", measured.step_ms, out);
  PrintSpread("  of it after the lanes: update", measured.update_ms, out);
  out << Format("%-34s %11.1f\n", "images a second", figures.images_per_second());
  const auto library = [&](const char* what, double ms) {
    if (ms <= 0) return;
    out << Format("%-34s %11.3f  (the step reaches %.0f %% of their speed)\n", what, ms,
                  100.0 * ms / SpreadOf(figures.measured.step_ms).median);
  };
  library("its oneDNN primitives alone", figures.library_ms);
  library("the same by oneDNN, alone", figures.library_all_ms);
  out << Format("%lld steps after %lld (%.0f ms) of warm-up; loss %.5g, then %.5g\n",
                static_cast<long long>(options.steps), static_cast<long long>(options.warmup),
                measured.warmup_ms, measured.first_loss, measured.last_loss);
  out << Format("not in a step: the hash of the state for a digest, %.3f ms\n",
                measured.state_hash_ms);
  const worker::MemoryReport& memory = measured.memory;
  out << "memory planned " << worker::BytesText(memory.peak()) << ": " << worker::PartsText(memory)
      << ", batch " << worker::BytesText(memory.batches) << ", update "
      << worker::BytesText(memory.exchange) << "\nmemory measured "
      << worker::BytesText(figures.resident_bytes) << " above start-up (peak resident)\n";
  PrintProfile(figures, out);
  out << std::flush;
}

nlohmann::ordered_json SpreadJson(const std::vector<double>& ms) {
  const Spread spread = SpreadOf(ms);
  return {{"median", spread.median}, {"min", spread.min}, {"max", spread.max}, {"all", ms}};
}

nlohmann::ordered_json RowsJson(const std::vector<worker::ProfileRow>& rows) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const worker::ProfileRow& row : rows) {
    json.push_back({{"name", row.name},
                    {"ms", row.measured_ms},
                    {"flops", row.flops},
                    {"bytes", row.bytes},
                    {"gflops", row.gflops()},
                    {"runs", row.nodes}});
  }
  return json;
}

Status WriteJson(const Figures& figures) {
  const BenchStepOptions& options = figures.options;
  const worker::MemoryReport& memory = figures.measured.memory;
  nlohmann::ordered_json json = {
      {"version", LOCKSTEP_VERSION},
      {"model", options.model},
      {"image", ImageText(figures.image)},
      {"classes", options.classes},
      {"freeze", options.freeze},
      {"parameters", figures.setup.model->program().parameter_count()},
      {"precision", "fp32"},
      {"optimizer", options.optimizer},
      {"lanes", options.lanes},
      {"lane_batch", options.lane_batch},
      {"lane_threads", options.threads},
      {"lanes_at_once", figures.setup.lanes_at_once},
      {"kernels", options.kernels},
      {"kernel_file", options.kernel_file},
      {"isa", figures.setup.device->spec().isa},
      {"images_per_step", figures.images()},
      {"images_per_second", figures.images_per_second()},
      {"step_ms", SpreadJson(figures.measured.step_ms)},
      {"update_ms", SpreadJson(figures.measured.update_ms)},
      {"warmup_ms", figures.measured.warmup_ms},
      {"state_hash_ms", figures.measured.state_hash_ms},
      {"first_loss", figures.measured.first_loss},
      {"last_loss", figures.measured.last_loss},
      {"memory",
       {{"planned_bytes", memory.peak()},
        {"activations_bytes", memory.arenas},
        {"parameters_bytes", memory.parameters},
        {"prepared_weights_bytes", memory.prepared},
        {"gradients_bytes", memory.gradients},
        {"batch_bytes", memory.batches},
        {"update_bytes", memory.exchange},
        {"resident_above_start_bytes", figures.resident_bytes}}},
      {"library_ms", figures.library_ms},
      {"library_all_ms", figures.library_all_ms},
      {"layers", RowsJson(figures.profile.layers)},
      {"ops", RowsJson(figures.profile.kinds)},
  };
  // Names from the command line may hold bytes that are no UTF-8.
  const std::string text =
      json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  const Status written = WriteFileAtomic(options.json, text);
  if (written.ok()) return OkStatus();
  return Status(written.code(), written.message() + "; choose another place with --json");
}

}  // namespace

Status RunBenchStep(const BenchStepOptions& options, std::ostream& out) {
  const int64_t resident_at_start = ReadResidentMemory().now;
  RETURN_IF_ERROR(CheckOptions(options));
  ASSIGN_OR_RETURN(const graph::Model* const model, graph::FindModel(options.model));
  Shape image = model->image;
  if (!options.image.empty()) {
    ASSIGN_OR_RETURN(image, ParseImage(options.image));
  }
  const worker::TrainConfig config = ConfigOf(options, *model);
  ASSIGN_OR_RETURN(const worker::RunSetup setup,
                   worker::SetUpWithoutData(config, image, options.classes, /*profile=*/true));
  ASSIGN_OR_RETURN(worker::StepMeasurement measured,
                   worker::MeasureSteps(config, setup, options.warmup, options.steps));
  const int64_t resident = ReadResidentMemory().peak - resident_at_start;
  worker::StepProfile profile =
      worker::ProfileStep(*setup.model, options.lanes, {}, measured.spent, options.steps);
  double library_ms = 0.0, library_all_ms = 0.0;
  if (options.library) {
    const auto alone = [&](worker::LibraryPart part) {
      return worker::MeasureLibraryAlone(config, setup, part, options.warmup, options.steps);
    };
    ASSIGN_OR_RETURN(library_ms, alone(worker::LibraryPart::kOfThePlan));
    ASSIGN_OR_RETURN(library_all_ms, alone(worker::LibraryPart::kAllItHas));
  }
  const Figures figures{
      options,  image,      setup,         std::move(measured), std::move(profile),
      resident, library_ms, library_all_ms};
  PrintFigures(figures, out);
  return options.json.empty() ? OkStatus() : WriteJson(figures);
}

}  // namespace lockstep::cluster
