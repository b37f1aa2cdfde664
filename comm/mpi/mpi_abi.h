// SPDX-License-Identifier: Apache-2.0
/* What the program sees of MPI: one table of functions, in C, that a shared object of its own
 * exports as `lockstep_mpi_plugin`. The program opens that object only where MPI is used, so it
 * runs without MPI, and a site builds this one file against its own MPI.
 *
 * Every function that returns int returns 0 or an error code of that MPI, whose text error_text
 * gives. Calls come from any thread but one at a time (MPI_THREAD_SERIALIZED). No request is ever
 * cancelled: after a failure nothing is called again and the process ends without finalize.
 */
#ifndef LOCKSTEP_COMM_MPI_MPI_ABI_H_
#define LOCKSTEP_COMM_MPI_MPI_ABI_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised by every change of this file that an older plugin or program would not understand. */
#define LOCKSTEP_MPI_ABI_VERSION 1u
#define LOCKSTEP_MPI_PLUGIN_SYMBOL "lockstep_mpi_plugin"

#define LOCKSTEP_MPI_CHANNELS 3    /* messages of one channel never match those of another */
#define LOCKSTEP_MPI_ANY_SOURCE -1 /* for irecv */
#define LOCKSTEP_MPI_FLOAT32 0
#define LOCKSTEP_MPI_FLOAT64 1

typedef uint64_t lockstep_mpi_request; /* opaque; made by a start, ended by testsome */

typedef struct lockstep_mpi_world {
  int32_t rank;
  int32_t size;
  int64_t largest_tag; /* tags are 0 .. largest_tag */
} lockstep_mpi_world;

typedef struct lockstep_mpi_done {
  int32_t index;  /* into the requests given to testsome */
  int32_t error;  /* 0 or why this request failed */
  int32_t source; /* of a receive */
  uint64_t bytes; /* that came, of a receive */
} lockstep_mpi_done;

typedef struct lockstep_mpi {
  uint32_t abi_version; /* first in every version */

  /* "Open MPI v4.1.4, ..."; may be called before init. */
  const char* (*library_version)(void);
  /* MPI_Init_thread and the channels; collective, may block for ever, may end the process. */
  int (*init)(lockstep_mpi_world* world);
  /* MPI_Finalize; collective. Every request must have ended. */
  int (*finalize)(void);
  /* MPI_Abort of all ranks. Does not return. */
  void (*abort)(int32_t exit_code);
  void (*error_text)(int32_t error, char* text, uint64_t text_size);

  /* The memory stays until the request has ended. bytes is at most 2^31 - 1. */
  int (*isend)(int32_t channel, const void* data, uint64_t bytes, int32_t to, int32_t tag,
               lockstep_mpi_request* request);
  int (*irecv)(int32_t channel, void* data, uint64_t bytes, int32_t from, int32_t tag,
               lockstep_mpi_request* request);
  /* In place, over all ranks; count is at most 2^31 - 1. */
  int (*iallreduce_sum)(int32_t channel, void* data, uint64_t count, int32_t type,
                        lockstep_mpi_request* request);
  /* Likewise, but blocks: only to be measured against. */
  int (*allreduce_sum)(int32_t channel, void* data, uint64_t count, int32_t type);
  /* Progress. Writes to `done`, of `count` places, the requests that have ended; their handles
   * become ones that later calls pass over. An error of a single request stands in its `done`, not
   * in what is returned. */
  int (*testsome)(lockstep_mpi_request* requests, int32_t count, lockstep_mpi_done* done,
                  int32_t* done_count);
} lockstep_mpi;

#ifdef __cplusplus
}
#endif

#endif /* LOCKSTEP_COMM_MPI_MPI_ABI_H_ */
