// SPDX-License-Identifier: Apache-2.0
#include <dnnl.hpp>
#include <utility>

#include "ops/core/library_isa.h"

namespace lockstep::ops {
namespace {

dnnl::cpu_isa MostOf(CpuIsa isa) {
  if (isa == HostCpuIsa()) return dnnl::cpu_isa::all;
  return isa == CpuIsa::kAvx512 ? dnnl::cpu_isa::avx512_core
         : isa == CpuIsa::kAvx2 ? dnnl::cpu_isa::avx2
                                : dnnl::cpu_isa::sse41;
}

std::string NameOfEffective() {
  constexpr std::pair<dnnl::cpu_isa, const char*> kNames[] = {
      {dnnl::cpu_isa::sse41, "sse41"},
      {dnnl::cpu_isa::avx, "avx"},
      {dnnl::cpu_isa::avx2, "avx2"},
      {dnnl::cpu_isa::avx2_vnni, "avx2_vnni"},
      {dnnl::cpu_isa::avx512_mic, "avx512_mic"},
      {dnnl::cpu_isa::avx512_mic_4ops, "avx512_mic_4ops"},
      {dnnl::cpu_isa::avx512_core, "avx512_core"},
      {dnnl::cpu_isa::avx512_core_vnni, "avx512_core_vnni"},
      {dnnl::cpu_isa::avx512_core_bf16, "avx512_core_bf16"},
      {dnnl::cpu_isa::avx512_core_amx, "avx512_core_amx"}};
  const dnnl::cpu_isa effective = dnnl::get_effective_cpu_isa();
  for (const auto& [isa, name] : kNames) {
    if (isa == effective) return name;
  }
  return "isa " + std::to_string(static_cast<int>(effective));
}

// What is set here beats ONEDNN_MAX_CPU_ISA, ONEDNN_CPU_ISA_HINTS and ONEDNN_DEFAULT_FPMATH_MODE
// (and the same with DNNL_), as long as the library has not been asked for anything.
Result<std::string> Start(CpuIsa isa) {
  const bool held =
      dnnl::set_max_cpu_isa(MostOf(isa)) == dnnl::status::success &&
      dnnl::set_cpu_isa_hints(dnnl::cpu_isa_hints::no_hints) == dnnl::status::success &&
      dnnl::set_default_fpmath_mode(dnnl::fpmath_mode::strict) == dnnl::status::success;
  if (held) return "oneDNN " + NameOfEffective();
  return FailedPrecondition(
      "oneDNN cannot be held to one instruction set in this process, so its bits would depend on "
      "variables of the environment; train.kernels = \"reference\" does without it");
}

}  // namespace

Result<std::string> StartLibrary(CpuIsa isa) {
  static const CpuIsa started = isa;
  static const Result<std::string> name = Start(started);
  if (!name.ok() || isa == started) return name;
  return FailedPrecondition("oneDNN was started for " + std::string(NameOf(started)) +
                            " in this process; it cannot change to " + std::string(NameOf(isa)));
}

}  // namespace lockstep::ops
