// SPDX-License-Identifier: Apache-2.0
#include "worker/device/openmp_settings.h"

#include <charconv>
#include <string>

#include "base/lower_case.h"

namespace lockstep::worker {
namespace {

// A count of threads; 0: not a number.
int CountOf(const std::string& text) {
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() ? count : 0;
}

bool IsZero(const std::string& text) {
  return !text.empty() && text.find_first_not_of(" 0") == std::string::npos;
}

constexpr int64_t kLeastStackKib = 1024;

// "512", "512k", "2M", " 1 g ": KiB unless a unit says otherwise. What is none of these OpenMP
// ignores, taking its default: enough.
int64_t StackKib(const std::string& text) {
  std::string plain = LowerCase(text);
  std::erase(plain, ' ');
  int64_t size = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), size);
  if (error != std::errc() || size < 0) return kLeastStackKib;
  const std::string unit(end, static_cast<const char*>(plain.data() + plain.size()));
  if (unit.empty() || unit == "k") return size;
  if (unit == "b") return size >> 10;
  if (unit == "m" || unit == "g") return size > 0 ? kLeastStackKib : 0;
  return kLeastStackKib;
}

}  // namespace

std::vector<OpenMpProblem> OpenMpProblems(const comm::Environment& environment, int threads) {
  std::vector<OpenMpProblem> problems;
  const std::string dynamic = environment("OMP_DYNAMIC").value_or("");
  if (LowerCase(dynamic) == "true" || dynamic == "1") {
    problems.push_back({"OMP_DYNAMIC",
                        "OMP_DYNAMIC is '" + dynamic +
                            "', so that OpenMP may start fewer threads than a plan was made for, "
                            "which then hangs",
                        "unset OMP_DYNAMIC"});
  }
  const auto limit = environment("OMP_THREAD_LIMIT");
  if (limit.has_value() && CountOf(*limit) < threads) {
    const std::string wanted = std::to_string(threads);
    problems.push_back({"OMP_THREAD_LIMIT",
                        "OMP_THREAD_LIMIT is '" + *limit +
                            "' and the lanes that run at once have " + wanted +
                            " threads together; with fewer a plan hangs",
                        "unset OMP_THREAD_LIMIT, or make it at least " + wanted});
  }
  if (const auto levels = environment("OMP_MAX_ACTIVE_LEVELS");
      levels.has_value() && IsZero(*levels)) {
    problems.push_back({"OMP_MAX_ACTIVE_LEVELS",
                        "OMP_MAX_ACTIVE_LEVELS is '" + *levels +
                            "', so that OpenMP starts one thread where a plan was made for more, "
                            "which then hangs",
                        "unset OMP_MAX_ACTIVE_LEVELS"});
  }
  for (const char* name : {"OMP_STACKSIZE", "GOMP_STACKSIZE"}) {
    const auto size = environment(name);
    if (!size.has_value() || StackKib(*size) >= kLeastStackKib) continue;
    problems.push_back({name,
                        std::string(name) + " is '" + *size + "', and kernels need " +
                            std::to_string(kLeastStackKib) + " KiB of stack",
                        std::string("unset ") + name + ", or make it at least 1M"});
  }
  return problems;
}

Status CheckOpenMpSettings(const comm::Environment& environment, int threads) {
  std::string text;
  for (const OpenMpProblem& problem : OpenMpProblems(environment, threads)) {
    text += (text.empty() ? "" : "\n") + problem.text + ": " + problem.remedy;
  }
  return text.empty() ? OkStatus() : FailedPrecondition(text);
}

}  // namespace lockstep::worker
