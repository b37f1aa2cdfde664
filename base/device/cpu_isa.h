// SPDX-License-Identifier: Apache-2.0
// CpuIsa: the instruction sets that CPU kernels are made for. Own kernels give the same bits under
// each; a library's may not, so the set is part of the hardware kind.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace lockstep {

enum class CpuIsa : uint8_t {
  kBaseline,  // "x86-64": SSE2
  kAvx2,      // "avx2": with FMA
  kAvx512,    // "avx512": F, BW, DQ, VL
};

// The largest set that this machine has.
CpuIsa HostCpuIsa();

std::string_view NameOf(CpuIsa isa);
Result<CpuIsa> CpuIsaFromName(std::string_view name);

}  // namespace lockstep
