// SPDX-License-Identifier: Apache-2.0
#include "worker/report/run_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "storage/checkpoint/checkpoint.h"
#include "worker/model/run_kernels.h"
#include "worker/report/finished_run.h"
#include "worker/report/run_place.h"

namespace lockstep::worker {
namespace {

// Every NaN is written as one: its sign and payload differ between machines.
uint64_t BitsOf(double value) {
  return std::isnan(value) ? 0x7ff8000000000000 : std::bit_cast<uint64_t>(value);
}

constexpr std::string_view kRunFiles[] = {"recipe.toml", kKernelFileCopy, kResultsFile,
                                          kDigestsFile,  kSummaryFile,    kWeightsFile,
                                          kAveragesFile};

// Whether `name` is a run's, or was on its way to be when a run was killed.
bool IsRunFile(const std::string& name) {
  return std::any_of(std::begin(kRunFiles), std::end(kRunFiles), [&](std::string_view file) {
    return name == file || name.starts_with(std::string(file) + ".tmp");
  });
}

// What an epoch has for a column of a metric or a group; none where it has no such.
std::optional<double> ValueOf(const EpochReport& report, const std::string& column) {
  if (column.starts_with(kGroupColumn)) {
    for (size_t i = 0; i < report.group_rates.size(); ++i) {
      if (column.substr(kGroupColumn.size()) == std::to_string(i + 1)) return report.group_rates[i];
    }
  }
  const Metric* const metric =
      column.starts_with(kTrainColumn)
          ? FindMetric(report.train_metrics, column.substr(kTrainColumn.size()))
          : FindMetric(report.validation.metrics, column);
  return metric == nullptr ? std::nullopt : std::optional(metric->value);
}

Status RemoveRunFiles(const std::string& path, bool all) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(path));
  for (const std::string& name : names) {
    const bool table = name == kDigestsFile || name == kResultsFile;
    const bool kept = table || name == "recipe.toml" || name == kKernelFileCopy;  // replaced whole
    if (IsRunFile(name) && (all || !kept)) RETURN_IF_ERROR(RemoveTree(path + "/" + name));
  }
  return OkStatus();
}

// The system's reason, and what to do.
Status CannotUse(const Status& reason) {
  return Status(reason.code(),
                "the run directory: " + reason.message() + "; choose another place with --run");
}

}  // namespace

Status RunDirectory::Check(const TrainConfig& config) {
  const std::string& path = config.run.directory;
  RETURN_IF_ERROR(CheckRunPlace(path));
  if (const Status made = MakeDirs(path); !made.ok()) return CannotUse(made);
  ASSIGN_OR_RETURN(const bool holds_run, HoldsRun(path));
  // Whether anything can be written shows before the run begins.
  if (const Status can = CheckWritable(path + "/recipe.toml"); !can.ok()) return CannotUse(can);
  if (!holds_run || config.run.overwrite || !FileExists(path + "/" + kWeightsFile)) {
    return OkStatus();
  }
  ASSIGN_OR_RETURN(const auto checkpoints, storage::ListCheckpoints(path));
  if (!checkpoints.empty()) return OkStatus();
  return AlreadyExists("'" + path +
                       "' holds the weights of a finished run and no checkpoint to go on from; "
                       "choose another directory with --run, or train anew with --overwrite");
}

Result<std::unique_ptr<RunDirectory>> RunDirectory::Open(const TrainConfig& config,
                                                         const HistoryStart& start,
                                                         const std::string& kernel_file) {
  std::unique_ptr<RunDirectory> directory(new RunDirectory(config.run.directory));
  const std::string& path = directory->path_;
  Status opened = RemoveRunFiles(path, /*all=*/start.step == 0);
  if (opened.ok()) opened = directory->OpenTables(start);
  if (opened.ok()) opened = WriteFileAtomic(path + "/recipe.toml", config.recipe_text);
  if (opened.ok()) {
    const std::string copy = path + "/" + kKernelFileCopy;
    opened = kernel_file.empty() ? RemoveFileIfExists(copy) : WriteFileAtomic(copy, kernel_file);
  }
  if (opened.ok()) return directory;
  // Nothing of a run that did not begin; the first failure counts.
  if (start.step == 0) (void)RemoveRunFiles(path, /*all=*/true);
  return CannotUse(opened);
}

Status RunDirectory::KeepAside(const std::string& path, int32_t branch) {
  const std::string mark = (branch < 10 ? "-b0" : "-b") + std::to_string(branch);
  for (const std::string name :
       {kDigestsFile, kResultsFile, kSummaryFile, kWeightsFile, kAveragesFile}) {
    const Result<std::string> bytes = ReadFile(path + "/" + name);
    if (bytes.status().code() == StatusCode::kNotFound) continue;
    RETURN_IF_ERROR(bytes.status());
    std::string aside = name;
    aside.insert(aside.rfind('.'), mark);
    RETURN_IF_ERROR(WriteFileAtomic(path + "/" + aside, *bytes));
  }
  return OkStatus();
}

Status RunDirectory::Reset(const std::string& path, const RunTables& tables) {
  RETURN_IF_ERROR(RemoveRunFiles(path, /*all=*/false));
  RETURN_IF_ERROR(WriteFileAtomic(path + "/" + kDigestsFile, tables.digests));
  return WriteFileAtomic(path + "/" + kResultsFile, tables.results);
}

Status RunDirectory::OpenTables(const HistoryStart& start) {
  const auto open = [&](const std::string& name, const std::string& rows, GrowingTable* table) {
    const std::string path = path_ + "/" + name;
    if (start.step > 0) {
      const Result<std::string> found = ReadFile(path);
      const std::string difference =
          found.ok() ? DifferenceFrom(name, rows, *found) : found.status().message();
      if (!difference.empty()) {
        LOG(kWarning) << "'" << path << "' is not as the run wrote it: " << difference
                      << "; it is written again from the checkpoint of step " << start.step;
      }
    }
    return table->Open(path, rows);
  };
  metric_columns_ = MetricColumns(start.tables.results);
  RETURN_IF_ERROR(open(kDigestsFile, start.tables.digests, &digests_));
  return open(kResultsFile, start.tables.results, &results_);
}

Status RunDirectory::AddStep(const StepRecord& record) {
  return digests_.Append(std::to_string(record.step) + ',' + Hex64(BitsOf(record.loss)) + ',' +
                         TableNumber(record.loss) + ',' + (record.skipped ? '1' : '0') + ',' +
                         (record.digested ? Hex64(record.digest) : std::string()) + '\n');
}

Status RunDirectory::AddEpoch(const EpochReport& report) {
  std::string line = std::to_string(report.epoch) + ',' + std::to_string(report.global_step) + ',' +
                     TableNumber(report.train_loss) + ',';
  if (report.evaluated) line += TableNumber(report.validation.loss);
  for (const std::string& column : metric_columns_) {
    const std::optional<double> value = ValueOf(report, column);
    line += ',' + (value ? TableNumber(*value) : "");
  }
  return results_.Append(line + ',' + TableNumber(report.learning_rate) + ',' +
                         TableNumber(report.images_per_second) + ',' + TableNumber(report.seconds) +
                         '\n');
}

Status RunDirectory::Sync(const std::function<Status()>& may_write) {
  RETURN_IF_ERROR(digests_.Sync(may_write));
  return results_.Sync(may_write);
}

Status RunDirectory::WriteSummary(const TrainSummary& summary) {
  std::vector<FileState> files;
  if (summary.status == "finished") {
    ASSIGN_OR_RETURN(files, StatesOfResults(path_));
  }
  return WriteFileAtomic(path_ + "/" + kSummaryFile, SummaryJson(summary, files));
}

}  // namespace lockstep::worker
