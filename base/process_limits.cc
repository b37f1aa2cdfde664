// SPDX-License-Identifier: Apache-2.0
#include "base/process_limits.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <vector>

#include "base/cgroup.h"
#include "base/mutex.h"
#include "base/thread.h"

namespace lockstep {
namespace {

constexpr rlim_t kLeastStack = 1 << 20;  // of the first thread; all others have kThreadStackBytes
constexpr rlim_t kWantedStack = 8 << 20;
constexpr rlim_t kLeastFiles = 64;
constexpr rlim_t kWantedFiles = 65536;

// The soft limit; RLIM_INFINITY where there is none.
rlim_t SoftLimit(int resource) {
  rlimit limit{};
  return ::getrlimit(static_cast<__rlimit_resource>(resource), &limit) == 0 ? limit.rlim_cur
                                                                            : RLIM_INFINITY;
}

void AddLimit(std::string text, std::string* all) {
  *all += (all->empty() ? "; limits here: " : ", ") + std::move(text);
}

void AddUlimit(int resource, const char* option, int64_t unit, const char* unit_name,
               std::string* all) {
  const rlim_t limit = SoftLimit(resource);
  if (limit == RLIM_INFINITY) return;
  AddLimit(std::string("ulimit ") + option + " " + std::to_string(limit / unit) + unit_name, all);
}

// Raises a soft limit to `wanted`, as far as the hard one allows; what it is then.
rlim_t Raise(int resource, rlim_t wanted) {
  const auto which = static_cast<__rlimit_resource>(resource);
  rlimit limit{};
  if (::getrlimit(which, &limit) != 0) return RLIM_INFINITY;
  if (limit.rlim_cur >= wanted) return limit.rlim_cur;
  const rlimit raised{std::min(wanted, limit.rlim_max), limit.rlim_max};
  return ::setrlimit(which, &raised) == 0 ? raised.rlim_cur : limit.rlim_cur;
}

// Memory that is taken but never touched.
class Reserved {
 public:
  explicit Reserved(int64_t bytes) : bytes_(static_cast<size_t>(bytes)) {
    if (bytes_ == 0) return;
    data_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  }
  ~Reserved() {
    if (data_ != nullptr && data_ != MAP_FAILED) ::munmap(data_, bytes_);
  }
  Reserved(const Reserved&) = delete;
  Reserved& operator=(const Reserved&) = delete;
  bool ok() const { return data_ != MAP_FAILED; }

 private:
  const size_t bytes_;
  void* data_ = nullptr;
};

// Threads that do nothing but be there, until this goes.
class Waiting {
 public:
  Status Start(int threads) {
    for (int i = 0; i < threads; ++i) {
      ASSIGN_OR_RETURN(Thread thread,
                       Thread::Start("one of " + std::to_string(threads), [this] { UntilOver(); }));
      threads_.push_back(std::move(thread));
    }
    return OkStatus();
  }
  ~Waiting() {
    {
      MutexLock lock(&mutex_);
      over_ = true;
      changed_.NotifyAll();
    }
    for (Thread& thread : threads_) thread.Join();
  }

 private:
  void UntilOver() EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    while (!over_) changed_.Wait(&mutex_);
  }

  Mutex mutex_;
  CondVar changed_;
  bool over_ GUARDED_BY(mutex_) = false;
  std::vector<Thread> threads_;
};

}  // namespace

int64_t MachineMemory() {
  const int64_t bytes = static_cast<int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  const int64_t group = ReadCgroupLimits("").memory_bytes;
  return group > 0 ? std::min(bytes, group) : bytes;
}

std::string LimitsText() {
  std::string all;
  AddUlimit(RLIMIT_AS, "-v", 1024, " KiB", &all);
  AddUlimit(RLIMIT_DATA, "-d", 1024, " KiB", &all);
  AddUlimit(RLIMIT_NPROC, "-u", 1, "", &all);
  const CgroupLimits group = ReadCgroupLimits("");
  if (group.tasks > 0) {
    AddLimit("the control group allows " + std::to_string(group.tasks) + " threads", &all);
  }
  if (group.memory_bytes > 0) {
    AddLimit("the control group allows " + std::to_string(group.memory_bytes >> 20) + " MiB", &all);
  }
  return all;
}

Status CheckRoom(int threads, int64_t bytes, const std::string& what) {
  const Reserved memory(bytes);
  if (!memory.ok()) {
    return ResourceExhausted(what + " needs " + std::to_string(bytes >> 20) +
                             " MiB more memory than this process may have" + LimitsText() +
                             "; raise them (ulimit -v unlimited, a larger control group)");
  }
  Waiting waiting;
  const Status started = waiting.Start(threads);
  if (started.ok()) return OkStatus();
  return started.WithContext(what + " needs " + std::to_string(threads) + " threads");
}

Status PrepareProcess() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  if (const rlim_t stack = Raise(RLIMIT_STACK, kWantedStack); stack < kLeastStack) {
    return ResourceExhausted(
        "the stack may have " + std::to_string(stack / 1024) + " KiB (ulimit -s), and at least " +
        std::to_string(kLeastStack / 1024) + " are needed; set ulimit -s 8192");
  }
  if (const rlim_t files = Raise(RLIMIT_NOFILE, kWantedFiles); files < kLeastFiles) {
    return ResourceExhausted("this process may open " + std::to_string(files) +
                             " files (ulimit -n), and at least " + std::to_string(kLeastFiles) +
                             " are needed; set ulimit -n 4096");
  }
  SetDefaultThreadStack();
  return OkStatus();
}

}  // namespace lockstep
