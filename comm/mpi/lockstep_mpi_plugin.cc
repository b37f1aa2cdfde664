// SPDX-License-Identifier: Apache-2.0
// The MPI plugin: the functions of mpi_abi.h by the MPI it is built against. Needs mpi.h and
// mpi_abi.h and nothing else of the project; a site can build it by hand:
//
//   mpicxx -std=c++20 -O2 -shared -fPIC -I SOURCE comm/mpi/lockstep_mpi_plugin.cc
//     -o liblockstep_mpi.so
#include <mpi.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "comm/mpi/mpi_abi.h"

namespace {

static_assert(sizeof(MPI_Request) <= sizeof(lockstep_mpi_request));

MPI_Comm channels[LOCKSTEP_MPI_CHANNELS];

MPI_Request FromHandle(lockstep_mpi_request handle) {
  MPI_Request request;
  std::memcpy(&request, &handle, sizeof(request));
  return request;
}

lockstep_mpi_request ToHandle(MPI_Request request) {
  lockstep_mpi_request handle = 0;
  std::memcpy(&handle, &request, sizeof(request));
  return handle;
}

MPI_Datatype TypeOf(int32_t type) { return type == LOCKSTEP_MPI_FLOAT64 ? MPI_DOUBLE : MPI_FLOAT; }

const char* LibraryVersion() {
  static char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  if (MPI_Get_library_version(text, &length) != MPI_SUCCESS) return "an unknown MPI";
  return text;
}

int Init(lockstep_mpi_world* world) {
  int provided = MPI_THREAD_SINGLE;
  if (int e = MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided)) return e;
  if (provided < MPI_THREAD_SERIALIZED) return MPI_ERR_OTHER;
  if (int e = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN)) return e;
  for (MPI_Comm& channel : channels) {
    if (int e = MPI_Comm_dup(MPI_COMM_WORLD, &channel)) return e;  // its error handler with it
  }
  if (int e = MPI_Comm_rank(MPI_COMM_WORLD, &world->rank)) return e;
  if (int e = MPI_Comm_size(MPI_COMM_WORLD, &world->size)) return e;
  void* largest = nullptr;
  int found = 0;
  if (int e = MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &largest, &found)) return e;
  world->largest_tag = found != 0 ? *static_cast<int*>(largest) : 32767;  // what MPI guarantees
  return MPI_SUCCESS;
}

int Finalize() {
  for (MPI_Comm& channel : channels) {
    if (int e = MPI_Comm_free(&channel)) return e;
  }
  return MPI_Finalize();
}

void Abort(int32_t exit_code) { MPI_Abort(MPI_COMM_WORLD, exit_code); }

void ErrorText(int32_t error, char* text, uint64_t text_size) {
  char buffer[MPI_MAX_ERROR_STRING] = "unknown error";
  int length = 0;
  MPI_Error_string(error, buffer, &length);
  if (text_size == 0) return;
  const size_t n = std::min<size_t>(std::strlen(buffer), text_size - 1);
  std::memcpy(text, buffer, n);
  text[n] = '\0';
}

int Isend(int32_t channel, const void* data, uint64_t bytes, int32_t to, int32_t tag,
          lockstep_mpi_request* request) {
  MPI_Request started;
  const int e =
      MPI_Isend(data, static_cast<int>(bytes), MPI_BYTE, to, tag, channels[channel], &started);
  if (e == MPI_SUCCESS) *request = ToHandle(started);
  return e;
}

int Irecv(int32_t channel, void* data, uint64_t bytes, int32_t from, int32_t tag,
          lockstep_mpi_request* request) {
  const int source = from == LOCKSTEP_MPI_ANY_SOURCE ? MPI_ANY_SOURCE : from;
  MPI_Request started;
  const int e =
      MPI_Irecv(data, static_cast<int>(bytes), MPI_BYTE, source, tag, channels[channel], &started);
  if (e == MPI_SUCCESS) *request = ToHandle(started);
  return e;
}

int IallreduceSum(int32_t channel, void* data, uint64_t count, int32_t type,
                  lockstep_mpi_request* request) {
  MPI_Request started;
  const int e = MPI_Iallreduce(MPI_IN_PLACE, data, static_cast<int>(count), TypeOf(type), MPI_SUM,
                               channels[channel], &started);
  if (e == MPI_SUCCESS) *request = ToHandle(started);
  return e;
}

int AllreduceSum(int32_t channel, void* data, uint64_t count, int32_t type) {
  return MPI_Allreduce(MPI_IN_PLACE, data, static_cast<int>(count), TypeOf(type), MPI_SUM,
                       channels[channel]);
}

int Testsome(lockstep_mpi_request* requests, int32_t count, lockstep_mpi_done* done,
             int32_t* done_count) {
  static std::vector<MPI_Request> native;  // kept: calls come one at a time
  static std::vector<MPI_Status> statuses;
  static std::vector<int> indices;
  native.resize(count);
  statuses.resize(count);
  indices.resize(count);
  for (int32_t i = 0; i < count; ++i) native[i] = FromHandle(requests[i]);
  int ended = 0;
  const int e = MPI_Testsome(count, native.data(), &ended, indices.data(), statuses.data());
  if (e != MPI_SUCCESS && e != MPI_ERR_IN_STATUS) return e;
  *done_count = 0;
  for (int i = 0; ended != MPI_UNDEFINED && i < ended; ++i) {
    const int error = e == MPI_ERR_IN_STATUS ? statuses[i].MPI_ERROR : MPI_SUCCESS;
    if (error == MPI_ERR_PENDING) continue;
    requests[indices[i]] = ToHandle(native[indices[i]]);
    MPI_Count bytes = 0;
    MPI_Get_elements_x(&statuses[i], MPI_BYTE, &bytes);
    done[(*done_count)++] = {indices[i], error, statuses[i].MPI_SOURCE,
                             bytes > 0 ? static_cast<uint64_t>(bytes) : 0};
  }
  return MPI_SUCCESS;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const lockstep_mpi lockstep_mpi_plugin = {
    .abi_version = LOCKSTEP_MPI_ABI_VERSION,
    .library_version = LibraryVersion,
    .init = Init,
    .finalize = Finalize,
    .abort = Abort,
    .error_text = ErrorText,
    .isend = Isend,
    .irecv = Irecv,
    .iallreduce_sum = IallreduceSum,
    .allreduce_sum = AllreduceSum,
    .testsome = Testsome,
};
