// SPDX-License-Identifier: Apache-2.0
// Variables of the environment under which a library that uses OpenMP starts fewer threads than a
// plan was made for, and then hangs (measured with libgomp and oneDNN 2.6). Refused at start.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "comm/rendezvous/launch_environment.h"

namespace lockstep::worker {

struct OpenMpProblem {
  std::string variable, text, remedy;
};

// `threads`: of all lanes that run at once in this process, together.
std::vector<OpenMpProblem> OpenMpProblems(const comm::Environment& environment, int threads);

// Failed-precondition with all of them; OK where there are none.
Status CheckOpenMpSettings(const comm::Environment& environment, int threads);

}  // namespace lockstep::worker
