// SPDX-License-Identifier: Apache-2.0
// `lockstep data import|info|verify|show|order`.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cluster/cli/command.h"
#include "cluster/cli/progress.h"
#include "cluster/recipes/key_use.h"
#include "storage/dataset/dataset.h"
#include "storage/dataset/verify.h"
#include "storage/import/import.h"
#include "storage/importers/importer.h"
#include "storage/order/dataset_order.h"
#include "storage/order/inspect.h"

namespace lockstep::cluster {
namespace {

using storage::Dataset;
using storage::DatasetInfo;
using storage::Record;
using storage::SplitInfo;
using Json = nlohmann::ordered_json;

struct DataImportOptions {
  std::string source;  // kind: "fashion-mnist"
  std::string path;
  std::string out;
  int threads = 0;  // 0: all cores
  int64_t shard_size = 256;
  bool replace = false;
};

struct DataInfoOptions {
  std::string dataset;
  bool json = false;
};

struct DataShowOptions {
  std::string dataset;
  int64_t id = 0;
};

struct DataOrderOptions {
  std::string recipe;
  std::vector<std::string> overrides;
  std::optional<int32_t> epoch;  // from 1; absent: `step` counts from the start of the run
  int64_t step = 1;              // from 1, as in digests.csv
};

// Text from a dataset may hold anything; what is not UTF-8 is replaced.
std::string Dump(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string Join(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::string SizeText(const DatasetInfo& info) {
  if (info.height == 0) return "of different sizes";
  return std::to_string(info.height) + " x " + std::to_string(info.width) + " x " +
         std::to_string(info.channels) + " (H W C)";
}

Json InfoJson(const Dataset& dataset) {
  const DatasetInfo& info = dataset.info();
  Json json = {{"directory", dataset.directory()},
               {"digest", info.digest.ToHex()},
               {"samples", info.samples()},
               {"splits", Json::array()},
               {"classes", info.classes},
               {"height", info.height},
               {"width", info.width},
               {"channels", info.channels},
               {"channel_mean", info.channel_mean},
               {"channel_std", info.channel_std},
               {"shard_size", info.shard_size},
               {"source", info.source},
               {"source_fingerprint", info.source_fingerprint.ToHex()},
               {"rejected", info.rejected}};
  for (const SplitInfo& split : info.splits) {
    json["splits"].push_back(
        {{"name", split.name}, {"first_id", split.first_id}, {"count", split.count}});
  }
  return json;
}

void PrintInfo(const Dataset& dataset, std::ostream& out) {
  const DatasetInfo& info = dataset.info();
  out << "dataset   " << dataset.directory() << "\n"
      << "digest    " << info.digest.ToHex() << "\n"
      << "source    " << info.source << "\n"
      << "samples   " << CountText(info.samples()) << ", " << SizeText(info) << "\n";
  for (const SplitInfo& split : info.splits) {
    out << "split     " << split.name << ": " << CountText(split.count) << " samples, ids "
        << split.first_id << " to " << split.first_id + static_cast<uint64_t>(split.count) - 1
        << "\n";
  }
  out << "classes   " << info.classes.size() << ": " << Join(info.classes, ", ") << "\n"
      << "shards    " << info.shard_size << " samples each\n";
  for (size_t c = 0; c < info.channel_mean.size() && c < info.channel_std.size(); ++c) {
    out << "channel " << c << " mean " << info.channel_mean[c] << ", std " << info.channel_std[c]
        << "\n";
  }
  if (!info.rejected.empty()) {
    out << "rejected  " << info.rejected.size() << " files that do not decode:\n";
    for (const std::string& path : info.rejected) out << "          " << path << "\n";
  }
}

// Rows of characters, dark to light; one character a pixel, the mean of its channels.
std::string Drawing(const Record& record) {
  static constexpr char kShades[] = " .:-=+*#%@";
  constexpr int32_t kMaxWidth = 100;
  if (record.width > kMaxWidth || record.height > kMaxWidth) return "";
  std::string text;
  size_t at = 0;
  for (int32_t y = 0; y < record.height; ++y) {
    for (int32_t x = 0; x < record.width; ++x) {
      int32_t sum = 0;
      for (int32_t c = 0; c < record.channels; ++c) {
        sum += static_cast<unsigned char>(record.pixels[at++]);
      }
      text += kShades[sum * 9 / (255 * std::max(record.channels, 1))];
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += "\n";
  }
  return text;
}

// `lockstep data import ... --out data/x.ldb` in an empty directory makes `data` too, and removes
// it again where the import fails.
class ParentsOf {
 public:
  explicit ParentsOf(const std::string& path) {
    std::filesystem::path normal = std::filesystem::path(path).lexically_normal();
    if (!normal.has_filename()) normal = normal.parent_path();  // "x.ldb/"
    parent_ = normal.parent_path();
  }
  ~ParentsOf() {
    std::error_code ignored;  // what is not empty stays
    for (const std::filesystem::path& folder : made_) std::filesystem::remove(folder, ignored);
  }
  ParentsOf(const ParentsOf&) = delete;
  ParentsOf& operator=(const ParentsOf&) = delete;

  Status Make() {
    std::error_code error;
    for (auto at = parent_; !at.empty() && !std::filesystem::exists(at, error);
         at = at.parent_path()) {
      made_.push_back(at);
    }
    if (!parent_.empty()) std::filesystem::create_directories(parent_, error);
    if (!error) return OkStatus();
    return ErrnoStatus("cannot make the directory '" + parent_.string() + "'", error.value());
  }
  void Keep() { made_.clear(); }

 private:
  std::filesystem::path parent_;
  std::vector<std::filesystem::path> made_;  // innermost first
};

std::string ClassName(const DatasetInfo& info, int32_t label) {
  const auto index = static_cast<size_t>(label);
  return label >= 0 && index < info.classes.size() ? info.classes[index] : "";
}

Status RunDataImport(const DataImportOptions& options, Console* console) {
  ParentsOf parents(options.out);
  RETURN_IF_ERROR(parents.Make());
  Progress progress(console, "import", "samples");
  storage::ImportOptions job;
  job.kind = options.source;
  job.path = options.path;
  job.out = options.out;
  job.threads = options.threads;
  job.shard_size = options.shard_size;
  job.replace = options.replace;
  job.progress = [&](int64_t done, int64_t total) { progress.Update(done, total); };
  job.stop = console->stop;
  const auto imported = storage::ImportDataset(job);
  if (imported.status().code() == StatusCode::kCancelled) {
    return Cancelled("stopped on request; nothing of the import is kept at '" + options.out + "'");
  }
  ASSIGN_OR_RETURN(const storage::ImportReport report, imported);
  parents.Keep();
  progress.Finish(CountText(report.info.samples()) + " samples, " + CountText(report.bytes) +
                  " bytes in " + CountText(report.files) + " files");
  for (const std::string& path : report.info.rejected) {
    console->err << "lockstep: warning: left out, does not decode: " << path << "\n";
  }
  for (const std::string& warning : report.warnings) {
    console->err << "lockstep: warning: " << warning << "\n";
  }
  console->out << "dataset   " << report.directory << "\n"
               << "digest    " << report.info.digest.ToHex() << "\n"
               << "Look at it: lockstep data info " << report.directory << "\n";
  return OkStatus();
}

Status RunDataInfo(const DataInfoOptions& options, Console* console) {
  ASSIGN_OR_RETURN(const auto dataset, Dataset::Open(options.dataset));
  if (options.json) {
    console->out << Dump(InfoJson(*dataset)) << "\n";
  } else {
    PrintInfo(*dataset, console->out);
  }
  return OkStatus();
}

Status RunDataVerify(const std::string& dataset, Console* console) {
  Progress progress(console, "verify", "bytes and records");
  const auto verified = storage::VerifyDataset(
      dataset, [&](int64_t done, int64_t total) { progress.Update(done, total); }, console->stop);
  if (verified.status().code() == StatusCode::kCancelled) {
    return Cancelled("stopped on request before dataset '" + dataset + "' was read to its end");
  }
  ASSIGN_OR_RETURN(const storage::VerifyReport report, verified);
  if (!report.ok()) {
    return DataLoss("dataset '" + dataset + "': " + report.ToString() +
                    "\nRestore the dataset from a copy or import the source again");
  }
  progress.Finish(CountText(report.files) + " files, " + CountText(report.bytes) + " bytes, " +
                  CountText(report.records) + " records");
  console->out << "The dataset is as it was written.\ndigest    " << report.digest.ToHex() << "\n";
  return OkStatus();
}

// The record's fields, and a small grey image drawn with characters.
Status RunDataShow(const DataShowOptions& options, Console* console) {
  ASSIGN_OR_RETURN(const auto dataset, Dataset::Open(options.dataset));
  const SampleId id(static_cast<uint64_t>(options.id));
  ASSIGN_OR_RETURN(const Record record, dataset->Read(id));
  const SplitInfo* split = dataset->info().SplitOf(id);
  const std::string name = ClassName(dataset->info(), record.label);
  console->out << "sample    " << id << (split == nullptr ? "" : " of split " + split->name) << "\n"
               << "source    " << record.source_path << "\n"
               << "label     " << record.label << (name.empty() ? "" : " (" + name + ")") << "\n"
               << "pixels    " << record.height << " x " << record.width << " x " << record.channels
               << " (H W C)\n"
               << Drawing(record);
  return OkStatus();
}

// JSON: per lane the ids of that step, their source paths and labels.
Status RunDataOrder(const DataOrderOptions& options, Console* console) {
  ASSIGN_OR_RETURN(const worker::TrainConfig config,
                   LoadRecipeFor(DataOrderKeys(), options.recipe, options.overrides));
  ASSIGN_OR_RETURN(const auto dataset, Dataset::Open(config.data.dataset));
  ASSIGN_OR_RETURN(
      const storage::OrderSpec spec,
      storage::OrderSpecFor(dataset->info(), config.data.train, config.batch.lanes,
                            config.batch.lane_batch, config.data.window_shards, config.seed));
  const int64_t steps = storage::StepsPerEpoch(spec);
  // People count from 1.
  const int64_t step = options.epoch ? options.step - 1 : (options.step - 1) % steps;
  const int64_t epoch = options.epoch ? *options.epoch - 1 : (options.step - 1) / steps;
  if (epoch >= config.epochs || step >= steps) {
    return InvalidArgument("epoch " + std::to_string(epoch + 1) + ", step " +
                           std::to_string(step + 1) + " of it does not exist: the recipe has " +
                           "train.epochs = " + std::to_string(config.epochs) + " of " +
                           std::to_string(steps) + " steps each, both counted from 1");
  }
  ASSIGN_OR_RETURN(const auto lanes,
                   storage::OrderOfStep(*dataset, config.data.train, spec,
                                        Epoch(static_cast<int32_t>(epoch)), step));
  Json json = {{"recipe", options.recipe},
               {"dataset", config.data.dataset},
               {"dataset_digest", dataset->info().digest.ToHex()},
               {"split", config.data.train},
               {"epoch", epoch + 1},
               {"step", step + 1},
               {"global_step", epoch * steps + step + 1},
               {"steps_per_epoch", steps},
               {"lanes", Json::array()}};
  for (const storage::LaneSamples& lane : lanes) {
    Json samples = Json::array();
    for (const storage::OrderedSample& sample : lane.samples) {
      samples.push_back({{"id", sample.id.value},
                         {"source", sample.source_path},
                         {"label", sample.label},
                         {"class", sample.label_name}});
    }
    json["lanes"].push_back({{"lane", lane.lane.value}, {"samples", std::move(samples)}});
  }
  console->out << Dump(json) << "\n";
  return OkStatus();
}

Command DataImportCommand() {
  const auto o = std::make_shared<DataImportOptions>();
  std::string kinds;
  for (const storage::ImporterKind& kind : storage::ImporterKinds()) {
    kinds += "\n  " + kind.name + ": " + kind.summary;
  }
  return {
      .name = "import",
      .description = R"(Make a dataset from its source.

Examples:
  lockstep data import fashion-mnist /usr/share/datasets/fashion-mnist --out data/fashion-mnist.ldb
  lockstep data import idx ~/mnist --out data/mnist.ldb --threads 2
)",
      .options =
          {{"SOURCE", &o->source, "What kind of source it is, see below", {.required = true}},
           {"PATH", &o->path, "Where the source is", {.required = true}},
           {"--out", &o->out, "Directory of the dataset to make", {.required = true}},
           {"--threads", &o->threads, "Threads; 0: one a core", {.range = IntegerRange{0, 1024}}},
           {"--shard-size",
            &o->shard_size,
            "Consecutive samples a shard",
            {.shows_default = true, .range = IntegerRange{1, 1 << 20}}},
           {"--replace", &o->replace, "Replace the dataset at --out once the new one is complete"}},
      .run = [o](Console* console) { return RunDataImport(*o, console); },
      .footer = "Sources:" + kinds,
      .at_stop = "removing what was imported so far"};
}

Command DataInfoCommand() {
  const auto o = std::make_shared<DataInfoOptions>();
  return {.name = "info",
          .description = R"(Say what a dataset holds.

Examples:
  lockstep data info data/fashion-mnist.ldb
  lockstep data info data/fashion-mnist.ldb --json
)",
          .options = {{"DB", &o->dataset, "Directory of the dataset", {.required = true}},
                      {"--json", &o->json, "As JSON"}},
          .run = [o](Console* console) { return RunDataInfo(*o, console); }};
}

Command DataVerifyCommand() {
  const auto dataset = std::make_shared<std::string>();
  return {.name = "verify",
          .description = R"(Read every byte of a dataset and name what is damaged.

Examples:
  lockstep data verify data/fashion-mnist.ldb
)",
          .options = {{"DB", dataset.get(), "Directory of the dataset", {.required = true}}},
          .run = [dataset](Console* console) { return RunDataVerify(*dataset, console); },
          .at_stop = "ending"};
}

Command DataShowCommand() {
  const auto o = std::make_shared<DataShowOptions>();
  return {
      .name = "show",
      .description = R"(Print one sample: source, label and a drawing.

Examples:
  lockstep data show data/fashion-mnist.ldb 42
)",
      .options = {{"DB", &o->dataset, "Directory of the dataset", {.required = true}},
                  {"ID", &o->id, "Sample id, from 0", {.required = true, .range = IntegerRange{}}}},
      .run = [o](Console* console) { return RunDataShow(*o, console); }};
}

Command DataOrderCommand() {
  const auto o = std::make_shared<DataOrderOptions>();
  return {.name = "order",
          .description = R"(Say which samples a step of a recipe sees, as JSON.

Examples:
  lockstep data order cluster/recipes/lenet5-fashion-mnist.toml --epoch 1 --step 18
  lockstep data order cluster/recipes/lenet5-fashion-mnist.toml --step 1234
)",
          .options = {{"RECIPE", &o->recipe, "Recipe file", {.required = true}},
                      Overrides(&o->overrides),
                      {"--epoch",
                       &o->epoch,
                       "Epoch, from 1; without it --step counts from the start of the run",
                       {.range = IntegerRange{1, std::numeric_limits<int32_t>::max()}}},
                      {"--step",
                       &o->step,
                       "Step, from 1",
                       {.required = true, .range = IntegerRange{.least = 1}}}},
          .run = [o](Console* console) { return RunDataOrder(*o, console); }};
}

}  // namespace

Command DataCommand() {
  return {.name = "data",
          .description = R"(Import, inspect and verify datasets.

Examples:
  lockstep data import fashion-mnist /usr/share/datasets/fashion-mnist --out data/fashion-mnist.ldb
  lockstep data info data/fashion-mnist.ldb
)",
          .commands = {DataImportCommand(), DataInfoCommand(), DataVerifyCommand(),
                       DataShowCommand(), DataOrderCommand()}};
}

}  // namespace lockstep::cluster
