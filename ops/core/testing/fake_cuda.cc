// SPDX-License-Identifier: Apache-2.0
#include "ops/core/testing/fake_cuda.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/device/queue_stream.h"
#include "base/mutex.h"
#include "ops/core/gpu_host.h"

namespace lockstep::ops {
namespace {

constexpr int kInvalid = 1;  // CUDA_ERROR_INVALID_VALUE
constexpr uint64_t kAligned = 256;

struct Memory {
  int32_t kind = 0;
  uint64_t bytes = 0;
  void* host = nullptr;  // the bytes
  uint64_t mapped = 0;   // of the range without rights; 0: host memory
};

struct State {
  mutable Mutex mutex;
  int open_error GUARDED_BY(mutex) = 0;
  int32_t devices GUARDED_BY(mutex) = 1;
  int32_t version GUARDED_BY(mutex) = LOCKSTEP_CUDA_LEAST_DRIVER;
  int32_t sm GUARDED_BY(mutex) = 90;
  uint64_t total GUARDED_BY(mutex) = uint64_t{1} << 30;
  std::map<std::string, int64_t, std::less<>> calls GUARDED_BY(mutex);
  std::map<std::string, std::pair<int64_t, int>, std::less<>> failing GUARDED_BY(mutex);
  std::map<uint64_t, Memory> memory GUARDED_BY(mutex);  // by address
  std::map<uint64_t, std::shared_ptr<QueueStream>> streams GUARDED_BY(mutex);
  std::map<uint64_t, EventPtr> events GUARDED_BY(mutex);
  uint64_t next GUARDED_BY(mutex) = 1;
};
State* state = nullptr;

// Counts a call; what it must return, where it is to fail.
int Counted(std::string_view function) {
  MutexLock lock(&state->mutex);
  const int64_t count = ++state->calls[std::string(function)];
  const auto it = state->failing.find(function);
  return it != state->failing.end() && it->second.first == count ? it->second.second : 0;
}

#define FAIL_IF_ASKED(function) \
  if (const int asked = Counted(function); asked != 0) return asked

std::shared_ptr<QueueStream> StreamOf(lockstep_cuda_stream stream) {
  MutexLock lock(&state->mutex);
  const auto it = state->streams.find(stream);
  CHECK(it != state->streams.end()) << "no stream " << stream;
  return it->second;
}

// Device memory as the host may touch it; other addresses as they are.
void* Translated(uint64_t address) {
  MutexLock lock(&state->mutex);
  auto it = state->memory.upper_bound(address);
  if (it != state->memory.begin()) {
    --it;
    const uint64_t offset = address - it->first;
    if (it->second.mapped != 0 && offset < it->second.mapped) {
      return static_cast<char*>(it->second.host) + offset;
    }
  }
  return reinterpret_cast<void*>(address);
}

int Open(int32_t* devices, int32_t* version) {
  FAIL_IF_ASKED("open");
  MutexLock lock(&state->mutex);
  *devices = state->devices;
  *version = state->version;
  return state->open_error;
}

void ErrorText(int error, char* text, uint64_t size) {
  std::snprintf(text, size, "fake error (%d)", error);
}

int DeviceInfo(int32_t, lockstep_cuda_device_info* info) {
  FAIL_IF_ASKED("device_info");
  MutexLock lock(&state->mutex);
  std::snprintf(info->name, sizeof(info->name), "Fake GPU");
  info->sm_version = state->sm;
  info->sm_count = 2;
  info->memory_bytes = static_cast<int64_t>(state->total);
  return 0;
}

int UseDevice(int32_t) {
  FAIL_IF_ASKED("use_device");
  return 0;
}

uint64_t UsedBytes() REQUIRES(state->mutex) {
  uint64_t used = 0;
  for (const auto& [address, memory] : state->memory) used += memory.bytes;
  return used;
}

int MemoryNow(uint64_t* free_bytes, uint64_t* total_bytes) {
  FAIL_IF_ASKED("memory");
  MutexLock lock(&state->mutex);
  *total_bytes = state->total;
  *free_bytes = state->total - UsedBytes();
  return 0;
}

int Allocate(int32_t kind, uint64_t bytes, uint64_t* address) {
  FAIL_IF_ASKED("allocate");
  MutexLock lock(&state->mutex);
  if (UsedBytes() + bytes > state->total) return LOCKSTEP_CUDA_OUT_OF_MEMORY;
  Memory memory = {kind, bytes, nullptr, 0};
  CHECK(posix_memalign(&memory.host, kAligned, bytes) == 0) << "no memory for a fake GPU";
  *address = reinterpret_cast<uint64_t>(memory.host);
  if (kind == LOCKSTEP_CUDA_DEVICE_MEMORY) {
    memory.mapped = (bytes + 4095) / 4096 * 4096;
    void* const range =
        mmap(nullptr, memory.mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(range != MAP_FAILED) << "no addresses for a fake GPU";
    *address = reinterpret_cast<uint64_t>(range);
  }
  state->memory.emplace(*address, memory);
  return 0;
}

void Free(uint64_t address, const Memory& memory) {
  std::free(memory.host);
  if (memory.mapped != 0) munmap(reinterpret_cast<void*>(address), memory.mapped);
}

int Release(int32_t kind, uint64_t address) {
  FAIL_IF_ASKED("release");
  MutexLock lock(&state->mutex);
  const auto it = state->memory.find(address);
  if (it == state->memory.end() || it->second.kind != kind) return kInvalid;
  Free(address, it->second);
  state->memory.erase(it);
  return 0;
}

int MakeStream(int32_t, lockstep_cuda_stream* stream) {
  FAIL_IF_ASKED("make_stream");
  auto queue = std::make_shared<QueueStream>("fake GPU");
  MutexLock lock(&state->mutex);
  *stream = state->next++;
  state->streams.emplace(*stream, std::move(queue));
  return 0;
}

int EndStream(lockstep_cuda_stream stream) {
  FAIL_IF_ASKED("end_stream");
  std::shared_ptr<QueueStream> ended;  // joins outside the lock
  MutexLock lock(&state->mutex);
  const auto it = state->streams.find(stream);
  if (it == state->streams.end()) return kInvalid;
  ended = std::move(it->second);
  state->streams.erase(it);
  return 0;
}

int MakeEvent(lockstep_cuda_event* event) {
  FAIL_IF_ASKED("make_event");
  MutexLock lock(&state->mutex);
  *event = state->next++;
  state->events.emplace(*event, nullptr);
  return 0;
}

int EndEvent(lockstep_cuda_event event) {
  FAIL_IF_ASKED("end_event");
  MutexLock lock(&state->mutex);
  return state->events.erase(event) == 1 ? 0 : kInvalid;
}

int Record(lockstep_cuda_stream stream, lockstep_cuda_event event) {
  FAIL_IF_ASKED("record");
  EventPtr recorded = StreamOf(stream)->Record();
  MutexLock lock(&state->mutex);
  state->events[event] = std::move(recorded);
  return 0;
}

EventPtr EventOf(lockstep_cuda_event event) {
  MutexLock lock(&state->mutex);
  return state->events[event];
}

int Wait(lockstep_cuda_stream stream, lockstep_cuda_event event) {
  FAIL_IF_ASKED("wait");
  StreamOf(stream)->WaitFor(EventOf(event));
  return 0;
}

int Query(lockstep_cuda_event event) {
  FAIL_IF_ASKED("query");
  const EventPtr recorded = EventOf(event);
  if (!recorded->Done()) return LOCKSTEP_CUDA_NOT_READY;
  return recorded->Wait(Deadline::Never()).ok() ? 0 : kInvalid;
}

int Copy(lockstep_cuda_stream stream, uint64_t to, uint64_t from, uint64_t bytes) {
  FAIL_IF_ASKED("copy");
  StreamOf(stream)->Enqueue([=] {
    std::memcpy(Translated(to), Translated(from), bytes);
    return OkStatus();
  });
  return 0;
}

int Fill(lockstep_cuda_stream stream, uint64_t to, uint8_t byte, uint64_t bytes) {
  FAIL_IF_ASKED("fill");
  StreamOf(stream)->Enqueue([=] {
    std::memset(Translated(to), byte, bytes);
    return OkStatus();
  });
  return 0;
}

int CallHost(lockstep_cuda_stream stream, void (*work)(void*), void* with) {
  FAIL_IF_ASKED("call_host");
  StreamOf(stream)->Enqueue([=] {
    work(with);
    return OkStatus();
  });
  return 0;
}

int FindKernel(const char* name, lockstep_cuda_kernel* kernel,
               lockstep_cuda_parameters* parameters) {
  FAIL_IF_ASKED("find_kernel");
  const gpu::HostKernel* const found = gpu::FindHostKernel(name);
  if (found == nullptr) return LOCKSTEP_CUDA_NO_KERNEL;
  *kernel = reinterpret_cast<uint64_t>(found);
  parameters->count = static_cast<int32_t>(found->parameters.size());
  for (size_t i = 0; i < found->parameters.size(); ++i) {
    parameters->bytes[i] = static_cast<int32_t>(found->parameters[i].bytes);
  }
  return 0;
}

// The values of a launch, with pointers as the host may follow them.
std::vector<std::vector<std::byte>> ValuesOf(const gpu::HostKernel& kernel,
                                             const void* const* parameters) {
  std::vector<std::vector<std::byte>> values;
  for (size_t i = 0; i < kernel.parameters.size(); ++i) {
    const auto* const bytes = static_cast<const std::byte*>(parameters[i]);
    values.emplace_back(bytes, bytes + kernel.parameters[i].bytes);
    if (!kernel.parameters[i].is_pointer) continue;
    uint64_t address = 0;
    std::memcpy(&address, bytes, sizeof(address));
    const void* const host = Translated(address);
    std::memcpy(values.back().data(), &host, sizeof(host));
  }
  return values;
}

int Launch(lockstep_cuda_kernel handle, lockstep_cuda_stream stream, uint32_t blocks,
           uint32_t threads, const void* const* parameters) {
  FAIL_IF_ASKED("launch");
  const auto* const kernel = reinterpret_cast<const gpu::HostKernel*>(handle);
  StreamOf(stream)->Enqueue([kernel, blocks, threads, values = ValuesOf(*kernel, parameters)] {
    std::vector<const void*> pointers;
    for (const auto& value : values) pointers.push_back(value.data());
    gpu::HostLaunch(*kernel, {blocks, threads}, pointers);
    return OkStatus();
  });
  return 0;
}

constexpr lockstep_cuda kTable = {
    .abi_version = LOCKSTEP_CUDA_ABI_VERSION,
    .open = Open,
    .error_text = ErrorText,
    .device_info = DeviceInfo,
    .use_device = UseDevice,
    .memory = MemoryNow,
    .allocate = Allocate,
    .release = Release,
    .make_stream = MakeStream,
    .end_stream = EndStream,
    .make_event = MakeEvent,
    .end_event = EndEvent,
    .record = Record,
    .wait = Wait,
    .copy = Copy,
    .fill = Fill,
    .call_host = CallHost,
    .query = Query,
    .find_kernel = FindKernel,
    .launch = Launch,
};

}  // namespace

FakeCuda::FakeCuda() {
  CHECK(state == nullptr) << "there is a fake GPU already";
  state = new State;
}

FakeCuda::~FakeCuda() {
  {
    // Streams end first: their work may use the memory.
    std::map<uint64_t, std::shared_ptr<QueueStream>> streams;
    MutexLock lock(&state->mutex);
    streams.swap(state->streams);
  }
  {
    MutexLock lock(&state->mutex);
    for (const auto& [address, memory] : state->memory) Free(address, memory);
  }
  delete std::exchange(state, nullptr);
}

const lockstep_cuda* FakeCuda::table() const { return &kTable; }

void FakeCuda::SetDriver(int error, int32_t devices, int32_t version) {
  MutexLock lock(&state->mutex);
  state->open_error = error;
  state->devices = devices;
  state->version = version;
}

void FakeCuda::SetSm(int32_t sm_version) {
  MutexLock lock(&state->mutex);
  state->sm = sm_version;
}

void FakeCuda::SetMemory(uint64_t total_bytes) {
  MutexLock lock(&state->mutex);
  state->total = total_bytes;
}

void FakeCuda::FailCall(std::string_view function, int64_t nth, int error) {
  MutexLock lock(&state->mutex);
  state->failing[std::string(function)] = {state->calls[std::string(function)] + nth, error};
}

int64_t FakeCuda::CallsOf(std::string_view function) const {
  MutexLock lock(&state->mutex);
  const auto it = state->calls.find(function);
  return it == state->calls.end() ? 0 : it->second;
}

int64_t FakeCuda::Alive() const {
  MutexLock lock(&state->mutex);
  return static_cast<int64_t>(state->streams.size() + state->events.size() + state->memory.size());
}

void* FakeCuda::HostOf(const void* address) const {
  void* const host = Translated(reinterpret_cast<uint64_t>(address));
  return host == address ? nullptr : host;
}

}  // namespace lockstep::ops
