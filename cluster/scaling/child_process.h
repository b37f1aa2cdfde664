// SPDX-License-Identifier: Apache-2.0
// Another program, started and waited for.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace lockstep::cluster {

struct ChildProgram {
  std::vector<std::string> words;  // the program and its arguments; found on PATH
  std::string log;                 // a file for what it prints, both streams
  Duration limit = std::chrono::minutes(10);
  const std::atomic<bool>* stop = nullptr;  // set: the program is ended; may be null
};

// Runs the program to its end. Fails with not-found where there is no such program, with internal
// where it ends with another code than 0 (the message has the end of what it printed), with
// deadline-exceeded and cancelled after it, and all that it started in its process group, was
// ended.
Status RunToEnd(const ChildProgram& child);

// Words as a shell would part them at blanks, without quoting; each "{ranks}" is replaced.
std::vector<std::string> LaunchWords(const std::string& command, int ranks);

}  // namespace lockstep::cluster
