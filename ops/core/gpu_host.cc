// SPDX-License-Identifier: Apache-2.0
#include "ops/core/gpu_host.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>

#include "base/check.h"
#include "base/mutex.h"
#include "base/thread.h"

namespace lockstep::gpu {

thread_local HostThread host_thread;
std::atomic<WriteCount*> write_count = nullptr;

// What the threads of a block have together.
class HostBlock {
 public:
  explicit HostBlock(uint32_t threads) : threads_(threads) {}

  // Until all threads that have not left are here. (std::barrier spins first, which takes a
  // machine with fewer cores than threads long.)
  void Wait() EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    ++here_;
    const uint64_t round = round_;
    OpenIfAllAreHere();
    while (round == round_) opened_.Wait(&mutex_);
  }
  void Leave() EXCLUDES(mutex_) {
    MutexLock lock(&mutex_);
    --threads_;
    OpenIfAllAreHere();
  }
  void* Shared(const void* key, size_t bytes) EXCLUDES(arrays_mutex_) {
    const MutexLock lock(&arrays_mutex_);
    auto& array = arrays_[key];
    if (array == nullptr) {
      array.reset(std::malloc(bytes));
      CHECK(array != nullptr) << "no memory for a shared array of " << bytes << " bytes";
      std::memset(array.get(), 0xff, bytes);
    }
    return array.get();
  }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  void OpenIfAllAreHere() REQUIRES(mutex_) {
    if (here_ < threads_) return;
    here_ = 0;
    ++round_;
    opened_.NotifyAll();
  }

  Mutex mutex_;
  CondVar opened_;
  uint32_t threads_ GUARDED_BY(mutex_);  // that have not left
  uint32_t here_ GUARDED_BY(mutex_) = 0;
  uint64_t round_ GUARDED_BY(mutex_) = 0;
  // Not mutex_: a thread that leaves would then come before one that takes its arrays late, and the
  // thread sanitizer would not see that a barrier between them is missing.
  Mutex arrays_mutex_;
  std::map<const void*, std::unique_ptr<void, Free>> arrays_ GUARDED_BY(arrays_mutex_);
};

namespace {

constexpr uint32_t kBlocksAtOnce = 4;

std::map<std::string, HostKernel, std::less<>>& Kernels() {
  static auto* const kernels = new std::map<std::string, HostKernel, std::less<>>;
  return *kernels;
}

}  // namespace

void HostBarrier() { host_thread.of->Wait(); }

void* HostShared(const void* key, size_t bytes) { return host_thread.of->Shared(key, bytes); }

bool AddToHostKernels(HostKernel kernel) {
  const std::string name = kernel.name;
  const bool added = Kernels().emplace(name, std::move(kernel)).second;
  CHECK(added) << "two kernels are named " << name;
  return added;
}

const HostKernel* FindHostKernel(std::string_view name) {
  const auto it = Kernels().find(name);
  return it == Kernels().end() ? nullptr : &it->second;
}

Status ExpectParameters(std::string_view name, std::span<const GpuParameter> given,
                        std::span<const GpuParameter> taken) {
  const auto text = [](std::span<const GpuParameter> parameters) {
    std::string all;
    for (const GpuParameter& p : parameters) {
      all += (all.empty() ? "" : ", ") +
             (p.is_pointer ? "pointer" : std::to_string(p.bytes) + " bytes");
    }
    return "(" + all + ")";
  };
  if (std::ranges::equal(given, taken)) return OkStatus();
  return Internal("GPU kernel " + std::string(name) + " takes " + text(taken) +
                  "; the launch gives " + text(given));
}

std::vector<std::string> HostKernelNames() {
  std::vector<std::string> names;
  for (const auto& [name, kernel] : Kernels()) names.push_back(name);
  return names;
}

void HostLaunch(const HostKernel& kernel, GpuGrid grid, std::span<const void* const> parameters) {
  for (uint32_t first = 0; first < grid.blocks; first += kBlocksAtOnce) {
    const uint32_t end = std::min(grid.blocks, first + kBlocksAtOnce);
    std::vector<std::unique_ptr<HostBlock>> blocks;
    std::vector<Thread> threads;
    for (uint32_t block = first; block < end; ++block) {
      HostBlock* const of = blocks.emplace_back(std::make_unique<HostBlock>(grid.threads)).get();
      for (uint32_t thread = 0; thread < grid.threads; ++thread) {
        threads.emplace_back("a GPU thread", [=, &kernel] {
          host_thread = {thread, block, grid.blocks, of};
          kernel.call(parameters.data());
          of->Leave();
        });
      }
    }
    for (Thread& thread : threads) thread.Join();
  }
}

WriteCount::WriteCount(std::vector<Tensor> tensors) : tensors_(std::move(tensors)) {
  for (const Tensor& tensor : tensors_) counts_.emplace_back(tensor.bytes / tensor.element);
  WriteCount* none = nullptr;
  CHECK(write_count.compare_exchange_strong(none, this)) << "writes are counted already";
}

WriteCount::~WriteCount() { write_count = nullptr; }

void WriteCount::Add(const void* to, size_t bytes) {
  const auto at = reinterpret_cast<uintptr_t>(to);
  for (size_t t = 0; t < tensors_.size(); ++t) {
    const auto begin = reinterpret_cast<uintptr_t>(tensors_[t].data);
    if (at < begin || at + bytes > begin + tensors_[t].bytes) continue;
    counts_[t][(at - begin) / tensors_[t].element].fetch_add(1, std::memory_order_relaxed);
    return;
  }
  elsewhere_.fetch_add(1, std::memory_order_relaxed);
}

Status WriteCount::ExpectEachOnce() const {
  for (size_t t = 0; t < tensors_.size(); ++t) {
    if (tensors_[t].is_workspace) continue;
    for (size_t i = 0; i < counts_[t].size(); ++i) {
      const uint32_t count = counts_[t][i];
      if (count == 1) continue;
      return Internal("element " + std::to_string(i) + " of " + tensors_[t].name + " was written " +
                      std::to_string(count) + " times; expected once");
    }
  }
  if (elsewhere_ == 0) return OkStatus();
  return Internal(std::to_string(elsewhere_.load()) + " writes lie in no output and no workspace");
}

}  // namespace lockstep::gpu
