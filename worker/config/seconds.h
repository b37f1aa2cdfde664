// SPDX-License-Identifier: Apache-2.0
// Seconds of a recipe as a duration.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace lockstep::worker {

inline Duration ToDuration(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace lockstep::worker
