// SPDX-License-Identifier: Apache-2.0
#include "worker/device/library_variables.h"

namespace lockstep::worker {
namespace {

constexpr char kIsa[] = "does nothing: the instruction set is train.cpu_isa's";
constexpr char kMode[] = "does nothing: products are of fp32";
constexpr char kThreads[] = "does nothing: a plan says how many threads run it";
constexpr char kBuild[] = "the libraries it names are part of the recorded build";
constexpr char kLibm[] =
    "what it makes of the C library's functions is part of the recorded "
    "hardware kind";
constexpr char kTime[] = "only time and memory";
constexpr char kTalk[] = "only messages";

constexpr LibraryVariable kVariables[] = {
    {"ONEDNN_MAX_CPU_ISA", "oneDNN", Treatment::kOverruled, kIsa},
    {"DNNL_MAX_CPU_ISA", "oneDNN", Treatment::kOverruled, kIsa},
    {"ONEDNN_CPU_ISA_HINTS", "oneDNN", Treatment::kOverruled, kIsa},
    {"DNNL_CPU_ISA_HINTS", "oneDNN", Treatment::kOverruled, kIsa},
    {"ONEDNN_DEFAULT_FPMATH_MODE", "oneDNN", Treatment::kOverruled, kMode},
    {"DNNL_DEFAULT_FPMATH_MODE", "oneDNN", Treatment::kOverruled, kMode},
    {"ONEDNN_PRIMITIVE_CACHE_CAPACITY", "oneDNN", Treatment::kHarmless, kTime},
    {"DNNL_PRIMITIVE_CACHE_CAPACITY", "oneDNN", Treatment::kHarmless, kTime},
    {"ONEDNN_VERBOSE", "oneDNN", Treatment::kHarmless, kTalk},
    {"DNNL_VERBOSE", "oneDNN", Treatment::kHarmless, kTalk},
    {"OMP_NUM_THREADS", "OpenMP", Treatment::kOverruled, kThreads},
    {"LD_PRELOAD", "the loader", Treatment::kRecorded, kBuild},
    {"GLIBC_TUNABLES", "the C library", Treatment::kRecorded, kLibm},
    {"MALLOC_ARENA_MAX", "the allocator", Treatment::kHarmless, kTime},
    {"MALLOC_PERTURB_", "the allocator", Treatment::kHarmless, kTime},
    {"MALLOC_MMAP_THRESHOLD_", "the allocator", Treatment::kHarmless, kTime},
    {"MALLOC_TRIM_THRESHOLD_", "the allocator", Treatment::kHarmless, kTime},
    {"MALLOC_TOP_PAD_", "the allocator", Treatment::kHarmless, kTime},
    {"GRPC_VERBOSITY", "gRPC", Treatment::kHarmless, kTalk},
    {"GRPC_TRACE", "gRPC", Treatment::kHarmless, kTalk},
};

}  // namespace

std::span<const LibraryVariable> LibraryVariables() { return kVariables; }

}  // namespace lockstep::worker
