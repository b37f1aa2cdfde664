// SPDX-License-Identifier: Apache-2.0
#include "worker/device/openmp_settings.h"

#include <charconv>

#include "base/lower_case.h"

namespace lockstep::worker {
namespace {

// A count of threads; 0: not a number.
int CountOf(const std::string& text) {
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() ? count : 0;
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
