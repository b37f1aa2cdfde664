// SPDX-License-Identifier: Apache-2.0
// A plugin for tests that stands in for an MPI that hangs or is of another version, as
// LOCKSTEP_FAKE_MPI says: hang-init, hang-finalize, old. Its world has one rank.
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "comm/mpi/mpi_abi.h"

namespace {

bool Is(const char* fault) {
  const char* const named = std::getenv("LOCKSTEP_FAKE_MPI");
  return named != nullptr && std::strcmp(named, fault) == 0;
}

void HangIf(const char* fault) {
  while (Is(fault)) pause();
}

const char* Version() { return "Fake MPI 1.0, for tests"; }

int Init(lockstep_mpi_world* world) {
  HangIf("hang-init");
  *world = {.rank = 0, .size = 1, .largest_tag = 100};
  return 0;
}

int Finalize() {
  HangIf("hang-finalize");
  return 0;
}

void ErrorText(int32_t, char* text, uint64_t size) { std::strncpy(text, "no error", size); }

// A handle says what it is: 0 has ended. The one receive there is, of failures, ends when this rank
// sends itself something, which it does to close the connection.
constexpr lockstep_mpi_request kReceive = 1;
constexpr lockstep_mpi_request kOther = 2;
bool sent = false;

int Isend(int32_t, const void*, uint64_t, int32_t, int32_t, lockstep_mpi_request* request) {
  sent = true;
  *request = kOther;
  return 0;
}

int Irecv(int32_t, void*, uint64_t, int32_t, int32_t, lockstep_mpi_request* request) {
  sent = false;
  *request = kReceive;
  return 0;
}

// With one rank the sum is there already.
int IallreduceSum(int32_t, void*, uint64_t, int32_t, lockstep_mpi_request* request) {
  *request = kOther;
  return 0;
}

int AllreduceSum(int32_t, void*, uint64_t, int32_t) { return 0; }

int Testsome(lockstep_mpi_request* requests, int32_t count, lockstep_mpi_done* done,
             int32_t* done_count) {
  *done_count = 0;
  for (int32_t i = 0; i < count; ++i) {
    if (requests[i] == 0 || (requests[i] == kReceive && !sent)) continue;
    requests[i] = 0;
    done[(*done_count)++] = {.index = i, .error = 0, .source = 0, .bytes = 0};
  }
  return 0;
}

lockstep_mpi Table() {
  lockstep_mpi table = {};
  table.abi_version = LOCKSTEP_MPI_ABI_VERSION + (Is("old") ? 1000 : 0);
  table.library_version = Version;
  table.init = Init;
  table.finalize = Finalize;
  table.error_text = ErrorText;
  table.isend = Isend;
  table.irecv = Irecv;
  table.iallreduce_sum = IallreduceSum;
  table.allreduce_sum = AllreduceSum;
  table.testsome = Testsome;
  return table;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const lockstep_mpi lockstep_mpi_plugin = Table();
