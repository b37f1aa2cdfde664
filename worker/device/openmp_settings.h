// SPDX-License-Identifier: Apache-2.0
// Variables of the environment under which a library that uses OpenMP starts fewer threads than a
// plan was made for, and then hangs (measured with libgomp and oneDNN 2.6), or gives its threads
// stacks that its kernels overflow. They are refused at start.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "comm/rendezvous/launch_environment.h"

namespace lockstep::worker {

struct OpenMpProblem {
  std::string variable, text, remedy;
};

// `threads`: how many must be available together: a rank's lanes that run at once times the threads
// of one; for a machine as such, its cores. libgomp counts the limit for each lane alone, another
// library may count the process's threads: what is asked for here suits both.
std::vector<OpenMpProblem> OpenMpProblems(const comm::Environment& environment, int threads);

// Fails with failed-precondition, which names all of them; OK where there are none.
Status CheckOpenMpSettings(const comm::Environment& environment, int threads);

}  // namespace lockstep::worker
