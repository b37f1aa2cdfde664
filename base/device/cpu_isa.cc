// SPDX-License-Identifier: Apache-2.0
#include "base/device/cpu_isa.h"

#include <string>

namespace lockstep {

CpuIsa HostCpuIsa() {
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return avx2 && avx512 ? CpuIsa::kAvx512 : avx2 ? CpuIsa::kAvx2 : CpuIsa::kBaseline;
}

std::string_view NameOf(CpuIsa isa) {
  return isa == CpuIsa::kAvx512 ? "avx512" : isa == CpuIsa::kAvx2 ? "avx2" : "x86-64";
}

Result<CpuIsa> CpuIsaFromName(std::string_view name) {
  for (const CpuIsa isa : {CpuIsa::kBaseline, CpuIsa::kAvx2, CpuIsa::kAvx512}) {
    if (name == NameOf(isa)) return isa;
  }
  return InvalidArgument("instruction set '" + std::string(name) +
                         "'; expected x86-64, avx2 or avx512");
}

}  // namespace lockstep
