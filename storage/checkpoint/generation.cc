// SPDX-License-Identifier: Apache-2.0
// Taking a generation, and the beat of its holder.
//
// The plan. To claim: write the generation to a temporary file, fsync it, and link(2) it to the
// next number; a link fails where the name is there, so exactly one process has each number,
// whatever they do at the same time. Then a thread beats: each time it looks whether its number is
// still the newest and rewrites the counter beside it. The first beat that cannot be made for
// `still`, or that finds a newer number, is the last, and Health says why.
#include "storage/checkpoint/generation.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/fault_point.h"
#include "base/mutex.h"
#include "base/process.h"
#include "base/thread.h"
#include "storage/checkpoint/checkpoint.h"
#include "storage/checkpoint/checkpoint_directory.h"
#include "storage/checkpoint/durable_file.h"
#include "storage/checkpoint/generation_files.h"
#include "storage/checkpoint/run_folder.h"
#include "storage/env/files.h"
#include "storage/json/hashed_json.h"

namespace lockstep::storage {
namespace {

std::string JobId() {
  for (const char* name : {"SLURM_JOB_ID", "PBS_JOBID"}) {
    if (const char* id = std::getenv(name); id != nullptr && *id != '\0') return id;
  }
  return "";
}

void SetHolder(GenerationInfo* info) {
  const ProcessIdentity own = OwnProcess();
  info->host = own.host;
  info->boot_id = own.boot_id;
  info->pid_namespace = own.pid_namespace;
  info->pid = own.pid;
  info->process_start = own.start;
  info->job = JobId();
  info->time = UtcTimeText();
}

Status CheckFits(const GenerationInfo& info) {
  RETURN_IF_ERROR(CheckUtf8("the host's name", info.host));
  RETURN_IF_ERROR(CheckUtf8("the job's id", info.job));
  RETURN_IF_ERROR(CheckUtf8("'fixed_keys'", info.fixed_keys));
  RETURN_IF_ERROR(CheckUtf8("'branch_keys'", info.branch_keys));
  RETURN_IF_ERROR(CheckUtf8("'parent'", info.parent));
  if (info.branch < 1) {
    return InvalidArgument("branch " + std::to_string(info.branch) + "; branches count from 1");
  }
  return {};
}

// After a failed link: a network file system that lost its answer links again and finds EEXIST, its
// own. The number of names does not lie.
bool HasTwoNames(const std::string& path, int* error) {
  *error = errno;
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && info.st_nlink == 2;
}

// Links `temporary` to the generation's name. False: the number is taken, or the temporary is gone:
// whoever removed it as stale holds a newer generation.
Result<bool> Link(const std::string& run_directory, const std::string& temporary, int64_t number) {
  const std::string path = GenerationPath(run_directory, number);
  int error = 0;
  (void)FaultPoint("generation.link.before");
  if (::link(temporary.c_str(), path.c_str()) != 0 && !HasTwoNames(temporary, &error)) {
    if (error == EEXIST || (error == ENOENT && IsDirectory(GenerationsFolder(run_directory)))) {
      return false;
    }
    return ErrnoStatus("cannot link '" + temporary + "' to '" + path + "'", error);
  }
  (void)FaultPoint("generation.link.after");
  return true;
}

Status RemoveStaleClaims(const std::string& run_directory) {
  const std::string folder = GenerationsFolder(run_directory);
  ASSIGN_OR_RETURN(const std::vector<std::string> names, ListDir(folder));
  for (const std::string& name : names) {
    if (name.starts_with(kTemporaryPrefix)) {
      RETURN_IF_ERROR(RemoveFileIfExists(folder + "/" + name));
    }
  }
  return {};
}

// Removes a file at the end of a scope; one that stays is removed by the next holder.
class Removed {
 public:
  explicit Removed(std::string path) : path_(std::move(path)) {}
  ~Removed() { (void)RemoveFileIfExists(path_); }
  Removed(const Removed&) = delete;
  Removed& operator=(const Removed&) = delete;

 private:
  std::string path_;
};

}  // namespace

class Generation::Impl {
 public:
  Impl(std::string run_directory, GenerationInfo info, Timing timing)
      : run_directory_(std::move(run_directory)), info_(std::move(info)), timing_(timing) {}

  ~Impl() {
    {
      MutexLock lock(&mutex_);
      ending_ = true;
      wake_.NotifyAll();
    }
    if (thread_.joinable()) thread_.Join();
    // Where this fails, others wait until the counter has stood still.
    (void)WriteAlive(run_directory_, info_.number, kEnded);
  }

  // The first beat is the caller's, so that a failure of it is told.
  Status Start() {
    RETURN_IF_ERROR(WriteAlive(run_directory_, info_.number, std::to_string(++counter_)));
    ASSIGN_OR_RETURN(thread_, Thread::Start("that keeps the run", [this] { Run(); }));
    return {};
  }

  Status Health() EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    return health_;
  }

  const std::string& run_directory() const { return run_directory_; }
  const GenerationInfo& info() const { return info_; }

 private:
  void Run() EXCLUDES(mutex_) {
    TimePoint last_good = Clock::Real().Now();
    while (!Ending()) {
      Status status = Beat();
      const TimePoint now = Clock::Real().Now();
      if (status.ok()) last_good = now;
      if (Final(status, now - last_good)) {
        MutexLock lock(&mutex_);
        health_ = std::move(status);
        return;
      }
    }
  }

  // Waits until the next beat is due. True: the end has come before.
  bool Ending() EXCLUDES(mutex_) {
    const TimePoint due = Clock::Real().Now() + timing_.beat;
    MutexLock lock(&mutex_);
    while (!ending_ && wake_.WaitUntil(&mutex_, due)) {
    }
    return ending_;
  }

  Status Beat() {
    RETURN_IF_ERROR(CheckNewestGeneration(run_directory_, info_.number));
    return WriteAlive(run_directory_, info_.number, std::to_string(++counter_));
  }

  // A disk may fail for a moment. After `still` others take this process for dead, and so does it.
  bool Final(Status& status, Duration failing) const {
    if (status.ok()) return false;
    if (status.code() == StatusCode::kSuperseded) return true;
    if (status.code() == StatusCode::kNotFound) return true;  // the run directory has gone
    if (failing < timing_.still) return false;
    status = IoError("the run directory could not be used for too long: " + status.ToString());
    return true;
  }

  const std::string run_directory_;
  const GenerationInfo info_;
  const Timing timing_;
  int64_t counter_ = 0;  // Start's, then the thread's
  Thread thread_;

  Mutex mutex_;
  CondVar wake_;
  bool ending_ GUARDED_BY(mutex_) = false;
  Status health_ GUARDED_BY(mutex_);
};

Generation::Generation(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Generation::~Generation() = default;

Result<std::unique_ptr<Generation>> Generation::Claim(const std::string& run_directory,
                                                      GenerationInfo info, Timing timing,
                                                      std::optional<int64_t> after) {
  RETURN_IF_ERROR(MakeFolderOfRun(run_directory, GenerationsFolder(run_directory)));
  ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, GenerationNumbers(run_directory));
  const int64_t newest = numbers.empty() ? 0 : numbers.back();
  if (after && *after != newest) return std::unique_ptr<Generation>();
  info.number = newest + 1;
  SetHolder(&info);
  RETURN_IF_ERROR(CheckFits(info));

  const std::string temporary =
      GenerationsFolder(run_directory) + "/" + kTemporaryPrefix + UniqueSuffix();
  const Removed removed(temporary);
  DurableFile file(temporary, "generation");
  RETURN_IF_ERROR(file.Create());
  RETURN_IF_ERROR(file.Append(EncodeGeneration(info)));
  RETURN_IF_ERROR(file.Finish());
  ASSIGN_OR_RETURN(const bool linked, Link(run_directory, temporary, info.number));
  if (!linked) return std::unique_ptr<Generation>();

  // From here on the number is ours: whatever fails, the destructor says that it has ended.
  auto impl = std::make_unique<Impl>(run_directory, std::move(info), timing);
  RETURN_IF_ERROR(SyncFolder(GenerationsFolder(run_directory)));
  RETURN_IF_ERROR(impl->Start());
  RETURN_IF_ERROR(RemoveStaleClaims(run_directory));
  RETURN_IF_ERROR(RemoveStaleTemporaries(run_directory));
  return std::unique_ptr<Generation>(new Generation(std::move(impl)));
}

const GenerationInfo& Generation::info() const { return impl_->info(); }
const std::string& Generation::run_directory() const { return impl_->run_directory(); }
Status Generation::Health() const { return impl_->Health(); }

Status Generation::CheckNewest() const {
  return CheckNewestGeneration(run_directory(), info().number);
}

Status CheckNewestGeneration(const std::string& run_directory, int64_t generation) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, GenerationNumbers(run_directory));
  if (numbers.empty() || numbers.back() < generation) {
    return NotFound("'" + GenerationPath(run_directory, generation) +
                    "' is gone: the run directory was removed while this process worked in it");
  }
  if (numbers.back() == generation) return {};
  const auto newer = ReadGeneration(run_directory, numbers.back());
  return Superseded("generation " + std::to_string(generation) + " of run '" + run_directory +
                    "' has been taken over by generation " + std::to_string(numbers.back()) + ": " +
                    DescribeProcess(newer.ok() ? *newer : GenerationInfo{}) +
                    ". This process stops; nothing is to be done");
}

}  // namespace lockstep::storage
