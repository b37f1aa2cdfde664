// SPDX-License-Identifier: Apache-2.0
// x86-64 keeps this state in the MXCSR register: the low six bits are flags of what happened since
// they were cleared, the rest is control.
#include "base/floating_point_state.h"

#include <xmmintrin.h>

namespace lockstep {
namespace {

constexpr unsigned kStandard = 0x1f80;  // all exceptions masked, nearest, no FTZ, no DAZ
constexpr unsigned kFlags = 0x3f;

}  // namespace

void SetFloatingPointState() { _mm_setcsr(kStandard); }
bool HasStandardFloatingPointState() { return (_mm_getcsr() & ~kFlags) == kStandard; }

ScopedFloatingPointState::ScopedFloatingPointState() : former_(_mm_getcsr()) {
  _mm_setcsr(kStandard);
}
ScopedFloatingPointState::~ScopedFloatingPointState() { _mm_setcsr(former_); }

}  // namespace lockstep
