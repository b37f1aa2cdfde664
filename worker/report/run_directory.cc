// SPDX-License-Identifier: Apache-2.0
#include "worker/report/run_directory.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/hash.h"
#include "worker/report/summary_json.h"

namespace lockstep::worker {
namespace {

// Every NaN is written as one: its sign and payload differ between machines.
uint64_t BitsOf(double value) {
  return std::isnan(value) ? 0x7ff8000000000000 : std::bit_cast<uint64_t>(value);
}

std::string Number(double value) {
  if (std::isnan(value)) return "nan";
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

Status OpenTable(const std::string& path, const std::string& header, std::ofstream* file) {
  errno = 0;
  file->open(path, std::ios::trunc);
  if (!*file) return ErrnoStatus("cannot write '" + path + "'", errno);
  *file << header << std::endl;  // a full disk shows before the first step
  if (!*file) return ErrnoStatus("cannot write '" + path + "'", errno == 0 ? EIO : errno);
  return OkStatus();
}

constexpr std::string_view kRunFiles[] = {"recipe.toml", "results.csv", "digests.csv",
                                          "summary.json", "model.safetensors"};

// Whether `name` is a run's, or was on its way to be when a run was killed.
bool IsRunFile(const std::string& name) {
  return std::any_of(std::begin(kRunFiles), std::end(kRunFiles), [&](std::string_view file) {
    return name == file || name.starts_with(std::string(file) + ".tmp");
  });
}

// Whether the directory holds a run. Already-exists where it is none but has a file that a run
// would write over; other files do not matter.
Result<bool> HoldsRun(const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(path));
  const auto has = [&](std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (has("recipe.toml") &&
      (has("digests.csv") || has("summary.json") || has("model.safetensors"))) {
    return true;
  }
  for (const std::string& name : names) {
    if (!IsRunFile(name)) continue;
    return AlreadyExists("'" + path +
                         "' is not the directory of a run, and a run would write over '" + name +
                         "' in it; choose another directory with --run");
  }
  return false;
}

Status RemoveOldRun(const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(path));
  for (const std::string& name : names) {
    if (IsRunFile(name)) RETURN_IF_ERROR(RemoveTree(path + "/" + name));
  }
  return OkStatus();
}

// The system's reason, and what to do.
Status CannotUse(const Status& reason) {
  return Status(reason.code(),
                "the run directory: " + reason.message() + "; choose another place with --run");
}

}  // namespace

Result<std::unique_ptr<RunDirectory>> RunDirectory::Create(const TrainConfig& config) {
  std::unique_ptr<RunDirectory> directory(new RunDirectory(config.run.directory));
  const std::string& path = directory->path_;
  if (const Status made = MakeDirs(path); !made.ok()) return CannotUse(made);
  ASSIGN_OR_RETURN(const bool holds_run, HoldsRun(path));
  if (holds_run) {
    if (!config.run.overwrite) {
      return AlreadyExists("'" + path +
                           "' holds a run already; choose another directory with --run, or replace "
                           "it with --overwrite");
    }
    RETURN_IF_ERROR(RemoveOldRun(path));
  }
  Status written = directory->OpenTables();
  if (written.ok()) written = WriteFileAtomic(path + "/recipe.toml", config.recipe_text);
  if (!written.ok()) {
    (void)RemoveOldRun(path);  // nothing of a run that did not begin; the first failure counts
    return CannotUse(written);
  }
  return directory;
}

Status RunDirectory::OpenTables() {
  RETURN_IF_ERROR(
      OpenTable(path_ + "/digests.csv", "step,loss_bits,loss,skipped,digest", &digests_));
  return OpenTable(path_ + "/results.csv",
                   "epoch,step,train_loss,val_loss,acc1,lr,images_per_second,seconds", &results_);
}

Status RunDirectory::CheckWritten(const std::ofstream& file, const std::string& name) const {
  if (file) return OkStatus();
  const Status status =
      ErrnoStatus("cannot write '" + path_ + "/" + name + "'", errno == 0 ? EIO : errno);
  if (status.code() != StatusCode::kResourceExhausted) return status;
  return Status(status.code(),
                status.message() + "; free some space there or choose another place with --run");
}

Status RunDirectory::AddStep(const StepRecord& record) {
  errno = 0;
  digests_ << record.step << ',' << Hex64(BitsOf(record.loss)) << ',' << Number(record.loss) << ','
           << (record.skipped ? 1 : 0) << ','
           << (record.digested ? Hex64(record.digest) : std::string()) << '\n';
  return CheckWritten(digests_, "digests.csv");
}

Status RunDirectory::AddEpoch(const EpochReport& report) {
  results_ << report.epoch << ',' << report.global_step << ',' << Number(report.train_loss) << ',';
  if (report.evaluated) {
    results_ << Number(report.validation.loss) << ',' << Number(report.validation.accuracy());
  } else {
    results_ << ',';
  }
  results_ << ',' << Number(report.learning_rate) << ',' << Number(report.images_per_second) << ','
           << Number(report.seconds) << '\n';
  return Flush();
}

Status RunDirectory::Flush() {
  errno = 0;
  digests_.flush();
  results_.flush();
  RETURN_IF_ERROR(CheckWritten(digests_, "digests.csv"));
  return CheckWritten(results_, "results.csv");
}

Status RunDirectory::WriteSummary(const TrainSummary& summary) {
  return WriteFileAtomic(path_ + "/summary.json", SummaryJson(summary));
}

}  // namespace lockstep::worker
