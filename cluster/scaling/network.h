// SPDX-License-Identifier: Apache-2.0
// Network: the wires between machines, as a person states them on the command line:
//
//   latency=2us,bandwidth=25GB/s,ranks-per-node=8
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace lockstep::cluster {

struct Network {
  double latency_ms = 0.0;     // of a message between machines
  double gb_per_second = 0.0;  // 10^9 bytes a second that one machine sends; its ranks share it
  int32_t ranks_per_node = 1;
};

// All three are said, each once, in any order. Units: ns, us, ms, s; B/s, KB/s, MB/s, GB/s, TB/s
// and bit/s, Kbit/s, Mbit/s, Gbit/s, Tbit/s. Invalid-argument names what is wrong and what was
// expected.
Result<Network> ParseNetwork(const std::string& text);

std::string NetworkText(const Network& network);  // for people

}  // namespace lockstep::cluster
