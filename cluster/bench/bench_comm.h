// SPDX-License-Identifier: Apache-2.0
// `lockstep bench comm`: what the canonical order of sums costs. Under mpirun or srun, the exchange
// of a training step (Reduce and Gather of every bucket) against MPI's own all-reduce of the same
// bytes, in one run, in turns.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "comm/rendezvous/launch_environment.h"

namespace lockstep::cluster {

struct BenchCommOptions {
  int32_t lanes = 8;                     // V
  int64_t parameter_bytes = 47'000'000;  // of fp32; rounded up to blocks of 65,536 elements
  int64_t bucket_bytes = 32 << 20;
  int32_t rounds = 11;                        // measured ones; one more before them is not counted
  std::string json;                           // rank 0 writes the figures here too; empty: nowhere
  Duration limit = std::chrono::seconds(60);  // of every single operation
  comm::Environment environment = comm::ProcessEnvironment();
};

// Measures the exchange, and checks that both ways give the same sums. Every rank that a launcher
// started calls it, and rank 0 writes a table to `out`. It finalizes MPI, so a process does nothing
// with MPI after it.
Status RunBenchComm(const BenchCommOptions& options, std::ostream& out);

}  // namespace lockstep::cluster
