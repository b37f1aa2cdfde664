// SPDX-License-Identifier: Apache-2.0
// The plugin behind cuda_abi.h, by the driver API. It links no CUDA library: libcuda.so.1 is opened
// when `open` is called. The device code is in this object, in fatbins.cc, which the build
// generates.
#include <cuda.h>
#include <dlfcn.h>

#include <cstdio>
#include <map>
#include <mutex>
#include <string>

#include "base/device/cuda_abi.h"

// Each *_cuda.cu under ops/, compiled; null after the last.
extern "C" const void* const lockstep_fatbins[];

namespace {

// The driver's functions that are used, under the names that its library exports.
#define LOCKSTEP_DRIVER(each)                                                                      \
  each(cuInit, "cuInit") each(cuDriverGetVersion, "cuDriverGetVersion") each(                      \
      cuGetErrorName, "cuGetErrorName") each(cuGetErrorString, "cuGetErrorString")                 \
      each(cuDeviceGetCount, "cuDeviceGetCount") each(cuDeviceGet, "cuDeviceGet") each(            \
          cuDeviceGetName, "cuDeviceGetName") each(cuDeviceTotalMem, "cuDeviceTotalMem_v2")        \
          each(cuDeviceGetAttribute, "cuDeviceGetAttribute")                                       \
              each(cuDevicePrimaryCtxRetain, "cuDevicePrimaryCtxRetain") each(                     \
                  cuCtxSetCurrent, "cuCtxSetCurrent") each(cuMemGetInfo, "cuMemGetInfo_v2")        \
                  each(cuMemAlloc, "cuMemAlloc_v2") each(cuMemFree, "cuMemFree_v2") each(          \
                      cuMemHostAlloc, "cuMemHostAlloc") each(cuMemFreeHost, "cuMemFreeHost")       \
                      each(cuStreamCreateWithPriority, "cuStreamCreateWithPriority") each(         \
                          cuStreamDestroy, "cuStreamDestroy_v2") each(cuEventCreate,               \
                                                                      "cuEventCreate")             \
                          each(cuEventDestroy, "cuEventDestroy_v2") each(                          \
                              cuEventRecord, "cuEventRecord") each(cuEventQuery, "cuEventQuery")   \
                              each(cuStreamWaitEvent, "cuStreamWaitEvent")                         \
                                  each(cuMemcpyAsync, "cuMemcpyAsync")                             \
                                      each(cuMemsetD8Async, "cuMemsetD8Async")                     \
                                          each(cuLaunchHostFunc, "cuLaunchHostFunc") each(         \
                                              cuLibraryLoadData, "cuLibraryLoadData")              \
                                              each(cuLibraryGetKernel, "cuLibraryGetKernel") each( \
                                                  cuKernelGetParamInfo, "cuKernelGetParamInfo")    \
                                                  each(cuKernelGetFunction, "cuKernelGetFunction") \
                                                      each(cuLaunchKernel, "cuLaunchKernel")

#define LOCKSTEP_DECLARE(function, symbol) decltype(&::function) function = nullptr;
struct Driver {
  LOCKSTEP_DRIVER(LOCKSTEP_DECLARE)
};
#undef LOCKSTEP_DECLARE

struct State {
  std::mutex mutex;
  void* library = nullptr;
  Driver driver;
  std::string missing;  // the first function that the driver lacks
  CUcontext context = nullptr;
  std::map<const void*, CUlibrary> libraries;  // by fatbin
};
State& TheState() {
  static auto* const state = new State;
  return *state;
}
const Driver& Cu() { return TheState().driver; }

// The calling thread's current context becomes the device's.
int Enter() { return Cu().cuCtxSetCurrent(TheState().context); }

int OpenDriver() {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  if (state.library != nullptr) return state.missing.empty() ? 0 : LOCKSTEP_CUDA_OLD_DRIVER;
  state.library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (state.library == nullptr) return LOCKSTEP_CUDA_NO_DRIVER;
#define LOCKSTEP_FIND(function, symbol)                                                \
  state.driver.function =                                                              \
      reinterpret_cast<decltype(state.driver.function)>(dlsym(state.library, symbol)); \
  if (state.driver.function == nullptr && state.missing.empty()) state.missing = symbol;
  LOCKSTEP_DRIVER(LOCKSTEP_FIND)
#undef LOCKSTEP_FIND
  return state.missing.empty() ? 0 : LOCKSTEP_CUDA_OLD_DRIVER;
}

int Open(int32_t* devices, int32_t* driver_version) {
  *devices = 0;
  *driver_version = 0;
  const int opened = OpenDriver();
  if (opened == LOCKSTEP_CUDA_NO_DRIVER) return opened;
  int version = 0;
  if (Cu().cuDriverGetVersion != nullptr) Cu().cuDriverGetVersion(&version);
  *driver_version = version;
  if (opened != 0 || version < LOCKSTEP_CUDA_LEAST_DRIVER) return LOCKSTEP_CUDA_OLD_DRIVER;
  const CUresult started = Cu().cuInit(0);
  if (started == CUDA_ERROR_NO_DEVICE) return 0;
  if (started != CUDA_SUCCESS) return started;
  int count = 0;
  const CUresult counted = Cu().cuDeviceGetCount(&count);
  *devices = count;
  return counted;
}

void ErrorText(int error, char* text, uint64_t size) {
  const char *name = nullptr, *words = nullptr;
  if (error > 0 && Cu().cuGetErrorName != nullptr && Cu().cuGetErrorString != nullptr) {
    Cu().cuGetErrorName(static_cast<CUresult>(error), &name);
    Cu().cuGetErrorString(static_cast<CUresult>(error), &words);
  }
  std::snprintf(text, size, "%s (%d): %s", name != nullptr ? name : "error", error,
                words != nullptr ? words : "no text is known for it");
}

int DeviceInfo(int32_t index, lockstep_cuda_device_info* info) {
  CUdevice device = 0;
  int major = 0, minor = 0, count = 0;
  size_t bytes = 0;
  int error = Cu().cuDeviceGet(&device, index);
  if (error == 0) error = Cu().cuDeviceGetName(info->name, sizeof(info->name), device);
  if (error == 0) error = Cu().cuDeviceTotalMem(&bytes, device);
  const auto attribute = [&](CUdevice_attribute which, int* value) {
    if (error == 0) error = Cu().cuDeviceGetAttribute(value, which, device);
  };
  attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, &major);
  attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, &minor);
  attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, &count);
  info->sm_version = 10 * major + minor;
  info->sm_count = count;
  info->memory_bytes = static_cast<int64_t>(bytes);
  return error;
}

int UseDevice(int32_t index) {
  CUdevice device = 0;
  const int error = Cu().cuDeviceGet(&device, index);
  if (error != 0) return error;
  const int retained = Cu().cuDevicePrimaryCtxRetain(&TheState().context, device);
  return retained != 0 ? retained : Enter();
}

int Memory(uint64_t* free_bytes, uint64_t* total_bytes) {
  size_t free_now = 0, total = 0;
  int error = Enter();
  if (error == 0) error = Cu().cuMemGetInfo(&free_now, &total);
  *free_bytes = free_now;
  *total_bytes = total;
  return error;
}

int Allocate(int32_t kind, uint64_t bytes, uint64_t* address) {
  int error = Enter();
  if (error != 0) return error;
  if (kind == LOCKSTEP_CUDA_PINNED_MEMORY) {
    void* memory = nullptr;
    error = Cu().cuMemHostAlloc(&memory, bytes, CU_MEMHOSTALLOC_PORTABLE);
    *address = reinterpret_cast<uint64_t>(memory);
  } else {
    CUdeviceptr memory = 0;
    error = Cu().cuMemAlloc(&memory, bytes);
    *address = memory;
  }
  return error == CUDA_ERROR_OUT_OF_MEMORY ? LOCKSTEP_CUDA_OUT_OF_MEMORY : error;
}

int Release(int32_t kind, uint64_t address) {
  const int error = Enter();
  if (error != 0) return error;
  if (kind == LOCKSTEP_CUDA_PINNED_MEMORY) {
    return Cu().cuMemFreeHost(reinterpret_cast<void*>(address));
  }
  return Cu().cuMemFree(address);
}

CUstream StreamOf(lockstep_cuda_stream stream) { return reinterpret_cast<CUstream>(stream); }
CUevent EventOf(lockstep_cuda_event event) { return reinterpret_cast<CUevent>(event); }

int MakeStream(int32_t priority, lockstep_cuda_stream* stream) {
  CUstream made = nullptr;
  int error = Enter();
  // CUDA serves small numbers first, and brings those out of its range into it.
  if (error == 0) {
    error = Cu().cuStreamCreateWithPriority(&made, CU_STREAM_NON_BLOCKING, -priority);
  }
  *stream = reinterpret_cast<uint64_t>(made);
  return error;
}

int EndStream(lockstep_cuda_stream stream) { return Cu().cuStreamDestroy(StreamOf(stream)); }

int MakeEvent(lockstep_cuda_event* event) {
  CUevent made = nullptr;
  int error = Enter();
  if (error == 0) error = Cu().cuEventCreate(&made, CU_EVENT_DISABLE_TIMING);
  *event = reinterpret_cast<uint64_t>(made);
  return error;
}

int EndEvent(lockstep_cuda_event event) { return Cu().cuEventDestroy(EventOf(event)); }

int Record(lockstep_cuda_stream stream, lockstep_cuda_event event) {
  const int error = Enter();
  return error != 0 ? error : Cu().cuEventRecord(EventOf(event), StreamOf(stream));
}

int Wait(lockstep_cuda_stream stream, lockstep_cuda_event event) {
  const int error = Enter();
  return error != 0 ? error : Cu().cuStreamWaitEvent(StreamOf(stream), EventOf(event), 0);
}

int Query(lockstep_cuda_event event) {
  const int error = Cu().cuEventQuery(EventOf(event));
  return error == CUDA_ERROR_NOT_READY ? LOCKSTEP_CUDA_NOT_READY : error;
}

int Copy(lockstep_cuda_stream stream, uint64_t to, uint64_t from, uint64_t bytes) {
  const int error = Enter();
  return error != 0 ? error : Cu().cuMemcpyAsync(to, from, bytes, StreamOf(stream));
}

int Fill(lockstep_cuda_stream stream, uint64_t to, uint8_t byte, uint64_t bytes) {
  const int error = Enter();
  return error != 0 ? error : Cu().cuMemsetD8Async(to, byte, bytes, StreamOf(stream));
}

int CallHost(lockstep_cuda_stream stream, void (*work)(void*), void* with) {
  const int error = Enter();
  return error != 0 ? error : Cu().cuLaunchHostFunc(StreamOf(stream), work, with);
}

// The library of a fatbin, loaded when first asked for.
int LibraryOf(const void* fatbin, CUlibrary* library) {
  State& state = TheState();
  const std::lock_guard<std::mutex> lock(state.mutex);
  const auto it = state.libraries.find(fatbin);
  if (it != state.libraries.end()) {
    *library = it->second;
    return 0;
  }
  const int error =
      Cu().cuLibraryLoadData(library, fatbin, nullptr, nullptr, 0, nullptr, nullptr, 0);
  if (error == 0) state.libraries.emplace(fatbin, *library);
  return error;
}

int ParametersOf(CUkernel kernel, lockstep_cuda_parameters* parameters) {
  parameters->count = 0;
  for (size_t i = 0; i < LOCKSTEP_CUDA_MOST_PARAMETERS; ++i) {
    size_t offset = 0, bytes = 0;
    const CUresult error = Cu().cuKernelGetParamInfo(kernel, i, &offset, &bytes);
    if (error == CUDA_ERROR_INVALID_VALUE) return 0;  // there is no parameter i
    if (error != CUDA_SUCCESS) return error;
    parameters->bytes[i] = static_cast<int32_t>(bytes);
    parameters->count = static_cast<int32_t>(i + 1);
  }
  return 0;
}

int FindKernel(const char* name, lockstep_cuda_kernel* kernel,
               lockstep_cuda_parameters* parameters) {
  int error = Enter();
  for (const void* const* fatbin = lockstep_fatbins; *fatbin != nullptr; ++fatbin) {
    CUlibrary library = nullptr;
    CUkernel found = nullptr;
    if (error == 0) error = LibraryOf(*fatbin, &library);
    if (error != 0) return error;
    const CUresult looked_up = Cu().cuLibraryGetKernel(&found, library, name);
    if (looked_up == CUDA_ERROR_NOT_FOUND) continue;
    CUfunction function = nullptr;
    if (looked_up != CUDA_SUCCESS) return looked_up;
    error = Cu().cuKernelGetFunction(&function, found);
    *kernel = reinterpret_cast<uint64_t>(function);
    return error != 0 ? error : ParametersOf(found, parameters);
  }
  return error != 0 ? error : LOCKSTEP_CUDA_NO_KERNEL;
}

int Launch(lockstep_cuda_kernel kernel, lockstep_cuda_stream stream, uint32_t blocks,
           uint32_t threads, const void* const* parameters) {
  const int error = Enter();
  if (error != 0) return error;
  return Cu().cuLaunchKernel(reinterpret_cast<CUfunction>(kernel), blocks, 1, 1, threads, 1, 1, 0,
                             StreamOf(stream), const_cast<void**>(parameters), nullptr);
}

lockstep_cuda Table() {
  lockstep_cuda table = {};
  table.abi_version = LOCKSTEP_CUDA_ABI_VERSION;
  table.open = Open;
  table.error_text = ErrorText;
  table.device_info = DeviceInfo;
  table.use_device = UseDevice;
  table.memory = Memory;
  table.allocate = Allocate;
  table.release = Release;
  table.make_stream = MakeStream;
  table.end_stream = EndStream;
  table.make_event = MakeEvent;
  table.end_event = EndEvent;
  table.record = Record;
  table.wait = Wait;
  table.copy = Copy;
  table.fill = Fill;
  table.call_host = CallHost;
  table.query = Query;
  table.find_kernel = FindKernel;
  table.launch = Launch;
  return table;
}

}  // namespace

extern "C" {
extern const lockstep_cuda lockstep_cuda_plugin;
const lockstep_cuda lockstep_cuda_plugin = Table();
}
