// SPDX-License-Identifier: Apache-2.0
// The ceilings of this machine's CPU, measured by loops of our own: how fast it multiplies and adds
// in fp32, and how fast it moves memory that no cache holds. Predicted times are made of them, but
// never a decision that changes bits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"

namespace lockstep::worker {

// Which loops this CPU can run, widest first, named for the instruction set that each is made for
// (base/device/cpu_isa.h).
std::vector<std::string> MultiplyAddLoops();

// 10^9 operations a second (a multiply-add counts two) of `threads` threads, by a loop named in
// MultiplyAddLoops.
double MeasureMultiplyAdds(const std::string& loop, int threads);

// 10^9 bytes a second of a triad, a[i] = b[i] + s c[i], counted as three arrays moved, by each of
// these numbers of threads. resource-exhausted where the system refuses the memory; one that
// promises more than it has does not refuse and kills the process later, so ask before whether
// BandwidthBytes are free.
Result<std::vector<double>> MeasureBandwidth(const std::vector<int>& threads);
// Bytes of the three arrays together: six times the last-level cache, within 192 MiB and 3 GiB.
int64_t BandwidthBytes();

struct Ceilings {
  int threads = 1;
  std::string loop;  // the fastest of MultiplyAddLoops
  double gflops_one_thread = 0.0;
  double gflops = 0.0;  // of all threads
  double gbytes_per_second_one_thread = 0.0;
  double gbytes_per_second = 0.0;  // of all threads
};

// Takes about a second; fails as MeasureBandwidth does. Threads are not bound to cores, so there
// should be as many as cores.
Result<Ceilings> MeasureCeilings(int threads);

}  // namespace lockstep::worker
