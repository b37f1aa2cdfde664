// SPDX-License-Identifier: Apache-2.0
#include "worker/report/run_directory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/hash.h"
#include "storage/checkpoint/checkpoint.h"
#include "worker/report/run_place.h"
#include "worker/report/summary_json.h"
#include "worker/tuning/run_kernels.h"

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

constexpr char kDigestsHeader[] = "step,loss_bits,loss,skipped,digest";
constexpr char kResultsHeader[] =
    "epoch,step,train_loss,val_loss,acc1,lr,images_per_second,seconds";

Status WithRemedy(const Status& status) {
  if (status.code() != StatusCode::kResourceExhausted) return status;
  return Status(status.code(),
                status.message() + "; free some space there or choose another place with --run");
}

// Column `index` of a row, as a number; -1 where there is none.
int64_t NumberAt(const std::string& row, int index) {
  size_t at = 0;
  for (int i = 0; i < index && at != std::string::npos; ++i) {
    at = row.find(',', at);
    if (at != std::string::npos) ++at;
  }
  if (at == std::string::npos) return -1;
  int64_t value = -1;
  const auto [end, error] = std::from_chars(row.data() + at, row.data() + row.size(), value);
  return error == std::errc() && end != row.data() + at ? value : -1;
}

// The header and those rows of the table's file that `keep` wants; a torn last line is none of
// them.
std::string KeptRows(const std::string& path, const std::string& header,
                     const std::function<bool(const std::string& row)>& keep) {
  std::string kept = header + "\n";
  const Result<std::string> text = ReadFile(path);
  if (!text.ok()) return kept;
  size_t at = 0;
  for (size_t end = text->find('\n'); end != std::string::npos; end = text->find('\n', at)) {
    const std::string row = text->substr(at, end - at);
    if (at > 0 && keep(row)) kept += row + "\n";
    at = end + 1;
  }
  return kept;
}

constexpr std::string_view kRunFiles[] = {"recipe.toml", kKernelFileCopy, "results.csv",
                                          "digests.csv", "summary.json",  "model.safetensors"};

// Whether `name` is a run's, or was on its way to be when a run was killed.
bool IsRunFile(const std::string& name) {
  return std::any_of(std::begin(kRunFiles), std::end(kRunFiles), [&](std::string_view file) {
    return name == file || name.starts_with(std::string(file) + ".tmp");
  });
}

Status RemoveRunFiles(const std::string& path, bool all) {
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(path));
  for (const std::string& name : names) {
    const bool table = name == "digests.csv" || name == "results.csv";
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

GrowingTable::~GrowingTable() {
  if (fd_ >= 0) ::close(fd_);
}

Status GrowingTable::Open(const std::string& path, const std::string& contents) {
  path_ = path;
  RETURN_IF_ERROR(WriteFileAtomic(path, contents));
  fd_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd_ < 0) return ErrnoStatus("cannot open '" + path + "'", errno);
  return OkStatus();
}

Status GrowingTable::Append(const std::string& line) {
  return WithRemedy(WriteAll(fd_, line, path_));
}

Status GrowingTable::Sync() {
  if (::fsync(fd_) != 0) return ErrnoStatus("cannot sync '" + path_ + "'", errno);
  return OkStatus();
}

Status RunDirectory::Check(const TrainConfig& config) {
  const std::string& path = config.run.directory;
  RETURN_IF_ERROR(CheckRunPlace(path));
  if (const Status made = MakeDirs(path); !made.ok()) return CannotUse(made);
  ASSIGN_OR_RETURN(const bool holds_run, HoldsRun(path));
  // Whether anything can be written shows before the run begins.
  if (const Status can = CheckWritable(path + "/recipe.toml"); !can.ok()) return CannotUse(can);
  if (!holds_run || config.run.overwrite) return OkStatus();
  const auto checkpoints = storage::ListCheckpoints(path);
  if (!FinishedDigest(path).ok() || (checkpoints.ok() && !checkpoints->empty())) return OkStatus();
  return AlreadyExists("'" + path +
                       "' holds a finished run without checkpoints to go on from; choose another "
                       "directory with --run, or train anew with --overwrite");
}

Result<uint64_t> RunDirectory::FinishedDigest(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path + "/summary.json"));
  if (!FileExists(path + "/model.safetensors")) {
    return NotFound("'" + path + "' has no model.safetensors");
  }
  return FinishedDigestOf(text);
}

Result<std::unique_ptr<RunDirectory>> RunDirectory::Open(const TrainConfig& config,
                                                         HistoryStart start,
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

Status RunDirectory::OpenTables(HistoryStart start) {
  const std::string digests = path_ + "/digests.csv", results = path_ + "/results.csv";
  RETURN_IF_ERROR(
      digests_.Open(digests, KeptRows(digests, kDigestsHeader, [&](const std::string& row) {
                      const int64_t step = NumberAt(row, 0);
                      return step >= 1 && step <= start.step;
                    })));
  return results_.Open(results, KeptRows(results, kResultsHeader, [&](const std::string& row) {
                         const int64_t epoch = NumberAt(row, 0), step = NumberAt(row, 1);
                         return epoch >= 0 && epoch < start.epoch && step >= 1 &&
                                step <= start.step;
                       }));
}

Status RunDirectory::AddStep(const StepRecord& record) {
  return digests_.Append(std::to_string(record.step) + ',' + Hex64(BitsOf(record.loss)) + ',' +
                         Number(record.loss) + ',' + (record.skipped ? '1' : '0') + ',' +
                         (record.digested ? Hex64(record.digest) : std::string()) + '\n');
}

Status RunDirectory::AddEpoch(const EpochReport& report) {
  std::string line = std::to_string(report.epoch) + ',' + std::to_string(report.global_step) + ',' +
                     Number(report.train_loss) + ',';
  if (report.evaluated) {
    line += Number(report.validation.loss) + ',' + Number(report.validation.accuracy());
  } else {
    line += ',';
  }
  return results_.Append(line + ',' + Number(report.learning_rate) + ',' +
                         Number(report.images_per_second) + ',' + Number(report.seconds) + '\n');
}

Status RunDirectory::Sync() {
  RETURN_IF_ERROR(digests_.Sync());
  return results_.Sync();
}

Status RunDirectory::WriteSummary(const TrainSummary& summary) {
  return WriteFileAtomic(path_ + "/summary.json", SummaryJson(summary));
}

}  // namespace lockstep::worker
