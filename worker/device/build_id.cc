// SPDX-License-Identifier: Apache-2.0
#include "worker/device/build_id.h"

#include <unistd.h>

#include <fstream>
#include <set>

#include "base/file.h"
#include "base/hash.h"

namespace lockstep::worker {
namespace {

// File names begin so.
constexpr const char* kComputingLibraries[] = {"libm.so", "libm-", "libdnnl.so", "libgomp.so"};

// Paths of the mapped libraries that compute, in order.
std::set<std::string> MappedLibraries() {
  std::set<std::string> paths;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const size_t at = line.find('/');
    if (at == std::string::npos) continue;
    const std::string path = line.substr(at);
    const std::string name = path.substr(path.rfind('/') + 1);
    for (const char* prefix : kComputingLibraries) {
      if (name.starts_with(prefix)) paths.insert(path);
    }
  }
  return paths;
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

std::string HardwareKind(const DeviceSpec& spec) {
  const std::string kind = spec.name + " " + spec.isa;
  if (spec.reference_kernels_only) return kind + ", reference kernels";
  // oneDNN cuts its loops by the caches, which decides the order of its sums.
  const auto cache = [](int name) { return std::to_string(sysconf(name) >> 10) + " KiB"; };
  return kind + ", caches " + cache(_SC_LEVEL1_DCACHE_SIZE) + ", " + cache(_SC_LEVEL2_CACHE_SIZE) +
         ", " + cache(_SC_LEVEL3_CACHE_SIZE);
}

}  // namespace lockstep::worker
