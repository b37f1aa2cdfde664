// SPDX-License-Identifier: Apache-2.0
// How many cores this process may use. This decides how many lanes run at once, and never any bits.
#pragma once

#include <vector>

namespace lockstep {

// Cores in the calling thread's affinity mask, at least 1: what taskset, a container's cpuset or
// mpirun's binding left us, which the machine's core count does not say.
int AvailableCores();

// The numbers of those cores, increasing; empty where the system does not tell.
std::vector<int> AvailableCoreNumbers();

}  // namespace lockstep
