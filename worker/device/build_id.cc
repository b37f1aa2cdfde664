// SPDX-License-Identifier: Apache-2.0
#include "worker/device/build_id.h"

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "base/device/cpu_isa.h"
#include "base/file.h"
#include "base/hash.h"
#include "ops/core/library_isa.h"

namespace lockstep::worker {
namespace {

// What the names of their files begin with.
constexpr const char* kComputingLibraries[] = {"libm.so", "libm-", "libdnnl.so", "libgomp.so"};

// The last components of what LD_PRELOAD names: paths or names, between spaces and colons.
std::set<std::string> PreloadedNames() {
  std::set<std::string> names;
  const char* preload = std::getenv("LD_PRELOAD");
  if (preload == nullptr) return names;
  std::string text = preload;
  std::replace(text.begin(), text.end(), ':', ' ');
  std::istringstream words(text);
  for (std::string word; words >> word;) names.insert(word.substr(word.rfind('/') + 1));
  return names;
}

// Paths of the mapped libraries that compute, in order.
std::set<std::string> MappedLibraries() {
  const std::set<std::string> preloaded = PreloadedNames();
  std::set<std::string> paths;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const size_t at = line.find('/');
    if (at == std::string::npos) continue;
    const std::string path = line.substr(at);
    const std::string name = path.substr(path.rfind('/') + 1);
    if (preloaded.contains(name)) paths.insert(path);
    for (const char* prefix : kComputingLibraries) {
      if (name.starts_with(prefix)) paths.insert(path);
    }
  }
  return paths;
}

// 8 hexadecimal digits of what libm's functions give for fixed arguments.
std::string LibmHash() {
  using Function = double (*)(double);
  static const volatile Function kFunctions[] = {std::exp, std::log, std::sin, std::cos, std::tanh};
  Hasher hasher;
  for (const volatile Function& function : kFunctions) {
    const Function f = function;
    for (int i = 1; i <= 512; ++i) hasher.UpdateU64(std::bit_cast<uint64_t>(f(i * 0.0371)));
  }
  return Hex64(hasher.Digest64()).substr(0, 8);
}

Result<std::string> ComputeBuildId() {
  Hasher hasher;
  ASSIGN_OR_RETURN(const std::string program, ReadFile("/proc/self/exe"));
  hasher.Update(program);
  for (const std::string& path : MappedLibraries()) {
    ASSIGN_OR_RETURN(const std::string library, ReadFile(path));
    hasher.Update(library);
  }
  return Hex64(hasher.Digest64());
}

}  // namespace

Result<std::string> BuildId() {
  static const Result<std::string> id = ComputeBuildId();
  return id;
}

Result<std::string> HardwareKind(const DeviceSpec& spec) {
  const std::string kind = spec.name + " " + spec.isa;
  if (spec.reference_kernels_only) return kind + ", reference kernels";
  ASSIGN_OR_RETURN(const CpuIsa isa, CpuIsaFromName(spec.isa));
  ASSIGN_OR_RETURN(const std::string library, ops::StartLibrary(isa));
  // oneDNN cuts its loops by the caches, which decides the order of its sums.
  const auto cache = [](int name) { return std::to_string(sysconf(name) >> 10) + " KiB"; };
  return kind + ", caches " + cache(_SC_LEVEL1_DCACHE_SIZE) + ", " + cache(_SC_LEVEL2_CACHE_SIZE) +
         ", " + cache(_SC_LEVEL3_CACHE_SIZE) + (library.empty() ? "" : ", " + library) + ", libm " +
         LibmHash();
}

}  // namespace lockstep::worker
