// SPDX-License-Identifier: Apache-2.0
// Finding: one thing `lockstep doctor` looked at, and what it means for training here.
#pragma once

#include <string>
#include <vector>

namespace lockstep::cluster {

enum class Verdict {
  kOk,
  kWarning,  // training works, slower or less safely than it could
  kProblem,  // training, or a way of starting it, does not work
};

struct Finding {
  std::string topic;  // "cpu", "memory", ...
  Verdict verdict = Verdict::kOk;
  std::string text;    // what was found, with values
  std::string remedy;  // what to do; empty where it is ok
};
using Findings = std::vector<Finding>;

inline Finding Ok(std::string topic, std::string text) {
  return {std::move(topic), Verdict::kOk, std::move(text), ""};
}
inline Finding Warning(std::string topic, std::string text, std::string remedy) {
  return {std::move(topic), Verdict::kWarning, std::move(text), std::move(remedy)};
}
inline Finding Problem(std::string topic, std::string text, std::string remedy) {
  return {std::move(topic), Verdict::kProblem, std::move(text), std::move(remedy)};
}

}  // namespace lockstep::cluster
