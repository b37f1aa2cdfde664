// SPDX-License-Identifier: Apache-2.0
/* What the program sees of CUDA: one table of functions, in C, that a shared object of its own
 * exports as `lockstep_cuda_plugin`. The program opens that object only where a run asks for a GPU,
 * so it runs without CUDA. The plugin opens the driver (libcuda.so.1) itself, in `open`; it holds
 * the program's device code.
 *
 * Every function that returns int returns 0, a number of the driver (CUresult, above 0), or one of
 * the codes below; error_text gives its text. Calls come from any thread, several at once, after
 * use_device has returned 0.
 */
#ifndef LOCKSTEP_BASE_DEVICE_CUDA_ABI_H_
#define LOCKSTEP_BASE_DEVICE_CUDA_ABI_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised by every change of this file that an older plugin or program would not understand. */
#define LOCKSTEP_CUDA_ABI_VERSION 1u
#define LOCKSTEP_CUDA_PLUGIN_SYMBOL "lockstep_cuda_plugin"

/* Codes that are no CUresult. */
#define LOCKSTEP_CUDA_NO_DRIVER (-1)  /* libcuda.so.1 cannot be opened */
#define LOCKSTEP_CUDA_OLD_DRIVER (-2) /* it is older than CUDA 13.0 */
#define LOCKSTEP_CUDA_NO_KERNEL (-3)  /* no device code of that name */
#define LOCKSTEP_CUDA_NOT_READY (-4)  /* an event that is not done yet */
#define LOCKSTEP_CUDA_OUT_OF_MEMORY (-5)

#define LOCKSTEP_CUDA_LEAST_DRIVER 13000 /* CUDA's number of 13.0 */

#define LOCKSTEP_CUDA_DEVICE_MEMORY 0
#define LOCKSTEP_CUDA_PINNED_MEMORY 1

#define LOCKSTEP_CUDA_MOST_PARAMETERS 16

/* Opaque; made and ended by the functions of their kind. */
typedef uint64_t lockstep_cuda_stream;
typedef uint64_t lockstep_cuda_event;
typedef uint64_t lockstep_cuda_kernel;

typedef struct lockstep_cuda_device_info {
  char name[256];
  int32_t sm_version; /* 90 is sm_90 */
  int32_t sm_count;
  int64_t memory_bytes;
} lockstep_cuda_device_info;

typedef struct lockstep_cuda_parameters {
  int32_t count;
  int32_t bytes[LOCKSTEP_CUDA_MOST_PARAMETERS];
} lockstep_cuda_parameters;

typedef struct lockstep_cuda {
  uint32_t abi_version; /* first in every version */

  /* Opens the driver and starts it. devices: how many GPUs this process may use
   * (CUDA_VISIBLE_DEVICES is obeyed). The driver's version is told even where it is too old. */
  int (*open)(int32_t* devices, int32_t* driver_version);
  void (*error_text)(int error, char* text, uint64_t text_size);
  int (*device_info)(int32_t device, lockstep_cuda_device_info* info);
  /* Makes the device's context; the only one of a process. */
  int (*use_device)(int32_t device);
  int (*memory)(uint64_t* free_bytes, uint64_t* total_bytes);

  int (*allocate)(int32_t kind, uint64_t bytes, uint64_t* address);
  int (*release)(int32_t kind, uint64_t address);

  int (*make_stream)(int32_t priority, lockstep_cuda_stream* stream);
  int (*end_stream)(lockstep_cuda_stream stream);
  int (*make_event)(lockstep_cuda_event* event);
  int (*end_event)(lockstep_cuda_event event);

  /* These five only enqueue. */
  int (*record)(lockstep_cuda_stream stream, lockstep_cuda_event event);
  int (*wait)(lockstep_cuda_stream stream, lockstep_cuda_event event);
  int (*copy)(lockstep_cuda_stream stream, uint64_t to, uint64_t from, uint64_t bytes);
  int (*fill)(lockstep_cuda_stream stream, uint64_t to, uint8_t byte, uint64_t bytes);
  int (*call_host)(lockstep_cuda_stream stream, void (*work)(void*), void* with);
  /* 0 done, LOCKSTEP_CUDA_NOT_READY, or why the work before it failed. Does not block. */
  int (*query)(lockstep_cuda_event event);

  int (*find_kernel)(const char* name, lockstep_cuda_kernel* kernel,
                     lockstep_cuda_parameters* parameters);
  /* parameters points to each value, which is copied before the call returns. */
  int (*launch)(lockstep_cuda_kernel kernel, lockstep_cuda_stream stream, uint32_t blocks,
                uint32_t threads, const void* const* parameters);
} lockstep_cuda;

#ifdef __cplusplus
}
#endif

#endif /* LOCKSTEP_BASE_DEVICE_CUDA_ABI_H_ */
