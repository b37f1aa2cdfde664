// SPDX-License-Identifier: Apache-2.0
// The floating-point state every bit is computed under: round to nearest, subnormals kept (neither
// FTZ nor DAZ), exceptions masked. A library may leave another state behind in a thread, so each
// compute thread sets it.
#pragma once

namespace lockstep {

// Sets it for the calling thread.
void SetFloatingPointState();
bool HasStandardFloatingPointState();

// Sets the standard state and puts the former one back when it goes out of scope.
class ScopedFloatingPointState {
 public:
  ScopedFloatingPointState();
  ~ScopedFloatingPointState();
  ScopedFloatingPointState(const ScopedFloatingPointState&) = delete;
  ScopedFloatingPointState& operator=(const ScopedFloatingPointState&) = delete;

 private:
  unsigned former_;
};

}  // namespace lockstep
