// SPDX-License-Identifier: Apache-2.0
#include "worker/report/run_directory.h"

#include <bit>
#include <cerrno>
#include <cstdio>

#include "base/file.h"
#include "base/hash.h"
#include "worker/report/summary_json.h"

namespace lockstep::worker {
namespace {

std::string Number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

Status OpenTable(const std::string& path, const std::string& header, std::ofstream* file) {
  errno = 0;
  file->open(path, std::ios::trunc);
  if (!*file) return ErrnoStatus("cannot write '" + path + "'", errno);
  *file << header << '\n';
  return OkStatus();
}

// A directory may be replaced only when everything in it is a run's.
Status RemoveOldRun(const std::string& path) {
  for (const char* name :
       {"recipe.toml", "results.csv", "digests.csv", "summary.json", "model.safetensors"}) {
    RETURN_IF_ERROR(RemoveTree(path + "/" + name));
  }
  return OkStatus();
}

}  // namespace

Result<std::unique_ptr<RunDirectory>> RunDirectory::Create(const TrainConfig& config) {
  std::unique_ptr<RunDirectory> directory(new RunDirectory(config.run.directory));
  const std::string& path = directory->path_;
  RETURN_IF_ERROR(MakeDirs(path).WithContext("the run directory"));
  if (FileExists(path + "/recipe.toml")) {
    if (!config.run.overwrite) {
      return AlreadyExists("'" + path +
                           "' holds a run already; choose another directory with --run, or replace "
                           "it with --overwrite");
    }
    RETURN_IF_ERROR(RemoveOldRun(path));
  }
  RETURN_IF_ERROR(
      WriteFileAtomic(path + "/recipe.toml", config.recipe_text).WithContext("the run directory"));
  RETURN_IF_ERROR(directory->OpenTables());
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
  return ErrnoStatus("cannot write '" + path_ + "/" + name + "'", errno == 0 ? EIO : errno);
}

Status RunDirectory::AddStep(const StepRecord& record) {
  digests_ << record.step << ',' << Hex64(std::bit_cast<uint64_t>(record.loss)) << ','
           << Number(record.loss) << ',' << (record.skipped ? 1 : 0) << ','
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
  digests_.flush();
  results_.flush();
  RETURN_IF_ERROR(CheckWritten(digests_, "digests.csv"));
  return CheckWritten(results_, "results.csv");
}

Status RunDirectory::WriteSummary(const TrainSummary& summary) {
  return WriteFileAtomic(path_ + "/summary.json", SummaryJson(summary));
}

}  // namespace lockstep::worker
