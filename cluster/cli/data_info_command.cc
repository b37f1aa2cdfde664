// SPDX-License-Identifier: Apache-2.0
// `lockstep data info` and `lockstep data verify`.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "cluster/cli/data_commands.h"
#include "cluster/cli/data_survey.h"
#include "cluster/cli/progress.h"
#include "cluster/cli/text_table.h"
#include "storage/dataset/dataset.h"
#include "storage/dataset/verify.h"

namespace lockstep::cluster {
namespace {

using storage::Dataset;
using storage::DatasetInfo;
using storage::SplitInfo;
using Json = nlohmann::ordered_json;

struct DataInfoOptions {
  std::string dataset;
  bool json = false;
};

std::string SizeText(const DatasetInfo& info) {
  if (info.schema.FirstOf(FieldKind::kImage) < 0) return "without images";
  if (info.height == 0 || info.width == 0) return "images of different sizes";
  return std::to_string(info.height) + " x " + std::to_string(info.width) + " x " +
         std::to_string(info.channels) + " (H W C)";
}

Json FieldsJson(const Schema& schema) {
  Json fields = Json::array();
  for (const FieldSpec& field : schema.fields) {
    Json one = {{"name", field.name}, {"kind", FieldKindName(field.kind)}};
    if (!field.of.empty()) one["of"] = field.of;
    if (!field.classes.empty()) one["classes"] = field.classes;
    if (field.most > 0) one["most"] = field.most;
    if (field.optional) one["optional"] = true;
    fields.push_back(std::move(one));
  }
  return fields;
}

Json SidesJson(const SplitSurvey& survey) {
  Json sides = Json::array();
  for (const auto& [from, count] : survey.shorter_sides) {
    sides.push_back({{"from", from}, {"below", 2 * from}, {"samples", count}});
  }
  return sides;
}

Json InfoJson(const Dataset& dataset, const std::vector<SplitSurvey>& surveys) {
  const DatasetInfo& info = dataset.info();
  Json json = {{"directory", dataset.directory()},
               {"digest", info.digest.ToHex()},
               {"samples", info.samples()},
               {"splits", Json::array()},
               {"fields", FieldsJson(info.schema)},
               {"classes", info.classes()},
               {"height", info.height},
               {"width", info.width},
               {"channels", info.channels},
               {"channel_mean", info.channel_mean},
               {"channel_std", info.channel_std},
               {"record_bytes", info.record_bytes},
               {"shard_size", info.shard_size},
               {"source", info.source},
               {"source_fingerprint", info.source_fingerprint.ToHex()},
               {"rejected_for", info.rejected_for},
               {"rejected", info.rejected}};
  for (size_t s = 0; s < info.splits.size(); ++s) {
    const SplitInfo& split = info.splits[s];
    Json sizes = Json::array();
    for (const storage::SizeExample& size : split.sizes) {
      sizes.push_back({{"height", size.height}, {"width", size.width}, {"path", size.path}});
    }
    json["splits"].push_back({{"name", split.name},
                              {"first_id", split.first_id},
                              {"count", split.count},
                              {"samples_of_class", surveys[s].of_class},
                              {"extreme_sizes", std::move(sizes)},
                              {"shorter_sides", SidesJson(surveys[s])}});
    if (info.schema.FirstOf(FieldKind::kBoxes) < 0) continue;
    json["splits"].back()["boxes"] = {{"total", surveys[s].boxes},
                                      {"most_of_a_sample", surveys[s].most_boxes},
                                      {"samples_without", surveys[s].without_boxes}};
  }
  return json;
}

// "32 x 32" where all images of a split are of one size, else the range of each side.
std::string SizesText(const SplitInfo& split) {
  if (split.sizes.empty()) return "";
  int64_t low = split.sizes[0].height, high = low, narrow = split.sizes[0].width, wide = narrow;
  for (const storage::SizeExample& size : split.sizes) {
    low = std::min(low, size.height);
    high = std::max(high, size.height);
    narrow = std::min(narrow, size.width);
    wide = std::max(wide, size.width);
  }
  if (low == high && narrow == wide) {
    return ", all " + std::to_string(low) + " x " + std::to_string(wide);
  }
  return ", heights " + std::to_string(low) + " to " + std::to_string(high) + ", widths " +
         std::to_string(narrow) + " to " + std::to_string(wide);
}

// How many images there are of each range of sizes, where they differ.
void PrintSides(const DatasetInfo& info, const std::vector<SplitSurvey>& surveys,
                std::ostream& out) {
  if (info.schema.FirstOf(FieldKind::kImage) < 0 || (info.height > 0 && info.width > 0)) return;
  std::set<int64_t> ranges;
  for (const SplitSurvey& survey : surveys) {
    for (const auto& [from, count] : survey.shorter_sides) ranges.insert(from);
  }
  std::vector<TextRow> rows = {{"shorter side"}};
  for (const SplitInfo& split : info.splits) rows[0].push_back(split.name);
  for (const int64_t from : ranges) {
    rows.push_back({std::to_string(from) + " to " + std::to_string(2 * from - 1)});
    for (const SplitSurvey& survey : surveys) {
      const auto found = survey.shorter_sides.find(from);
      rows.back().push_back(CountText(found == survey.shorter_sides.end() ? 0 : found->second));
    }
  }
  PrintTable(rows, out);
}

void PrintBoxes(const DatasetInfo& info, const std::vector<SplitSurvey>& surveys,
                std::ostream& out) {
  if (info.schema.FirstOf(FieldKind::kBoxes) < 0) return;
  for (size_t s = 0; s < surveys.size(); ++s) {
    out << "boxes     " << info.splits[s].name << ": " << CountText(surveys[s].boxes)
        << ", at most " << CountText(surveys[s].most_boxes) << " of a sample, "
        << CountText(surveys[s].without_boxes) << " samples without\n";
  }
}

void PrintClasses(const DatasetInfo& info, const std::vector<SplitSurvey>& surveys,
                  std::ostream& out) {
  constexpr size_t kMostShown = 40;
  const int label = info.schema.FirstOf(FieldKind::kLabel);
  const std::vector<std::string>& classes =
      label < 0 ? info.classes() : info.schema.fields[static_cast<size_t>(label)].classes;
  if (classes.empty()) return;
  out << "classes   " << classes.size() << "\n";
  if (label < 0) {
    for (size_t c = 0; c < classes.size() && c < kMostShown; ++c) {
      out << "          " << classes[c] << "\n";
    }
    if (classes.size() > kMostShown) {
      out << "and " << classes.size() - kMostShown << " more (--json has all)\n";
    }
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"", "class"}};
  for (const SplitInfo& split : info.splits) rows[0].push_back(split.name);
  for (size_t c = 0; c < classes.size() && c < kMostShown; ++c) {
    rows.push_back({std::to_string(c), classes[c]});
    for (const SplitSurvey& survey : surveys) rows.back().push_back(CountText(survey.of_class[c]));
  }
  PrintTable(rows, out);
  if (classes.size() > kMostShown) {
    out << "and " << classes.size() - kMostShown << " more (--json has all)\n";
  }
}

void PrintInfo(const Dataset& dataset, const std::vector<SplitSurvey>& surveys, std::ostream& out) {
  const DatasetInfo& info = dataset.info();
  out << "dataset   " << dataset.directory() << "\n"
      << "digest    " << info.digest.ToHex() << "\n"
      << "source    " << info.source << "\n"
      << "samples   " << CountText(info.samples()) << ", " << SizeText(info) << ", "
      << CountText(info.record_bytes) << " bytes\n"
      << "fields    " << info.schema.ToString() << "\n";
  for (const SplitInfo& split : info.splits) {
    out << "split     " << split.name << ": " << CountText(split.count) << " samples, ids "
        << split.first_id << " to " << split.first_id + static_cast<uint64_t>(split.count) - 1
        << SizesText(split) << "\n";
  }
  out << "shards    " << info.shard_size << " samples each\n";
  for (size_t c = 0; c < info.channel_mean.size() && c < info.channel_std.size(); ++c) {
    out << "channel " << c << " mean " << info.channel_mean[c] << ", std " << info.channel_std[c]
        << "\n";
  }
  PrintSides(info, surveys, out);
  PrintBoxes(info, surveys, out);
  PrintClasses(info, surveys, out);
  if (info.rejected_for.empty()) return;
  out << "left out of the dataset:\n";
  for (const auto& [reason, count] : info.rejected_for) {
    out << "          " << CountText(count) << " for: " << reason << "\n";
  }
  constexpr size_t kMostShown = 10;
  for (size_t i = 0; i < info.rejected.size() && i < kMostShown; ++i) {
    out << "          " << info.rejected[i] << "\n";
  }
  if (info.rejected.size() > kMostShown) out << "          ... (--json has up to 1,000)\n";
}

Status RunDataInfo(const DataInfoOptions& options, Console* console) {
  ASSIGN_OR_RETURN(const auto dataset, Dataset::Open(options.dataset));
  ASSIGN_OR_RETURN(const std::vector<SplitSurvey> surveys, SurveyColumns(*dataset));
  if (options.json) {
    // Text from a dataset may hold anything; what is not UTF-8 is replaced.
    console->out << InfoJson(*dataset, surveys).dump(2, ' ', false, Json::error_handler_t::replace)
                 << "\n";
  } else {
    PrintInfo(*dataset, surveys, console->out);
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

}  // namespace

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

}  // namespace lockstep::cluster
