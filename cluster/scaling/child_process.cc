// SPDX-License-Identifier: Apache-2.0
#include "cluster/scaling/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <sstream>
#include <thread>

#include "base/file.h"
#include "base/format.h"

extern char** environ;

namespace lockstep::cluster {
namespace {

constexpr size_t kShown = 1500;  // bytes of what a failed program printed
constexpr auto kBetweenLooks = std::chrono::milliseconds(20);
constexpr auto kKillAfter = std::chrono::seconds(5);    // of being asked to end
constexpr auto kLeaveAfter = std::chrono::seconds(10);  // of being killed

std::string EndOfLog(const std::string& path) {
  const Result<std::string> text = ReadFile(path);
  if (!text.ok() || text->empty()) return "; it printed nothing";
  const bool cut = text->size() > kShown;
  return "; it printed:\n" + (cut ? "...\n" + text->substr(text->size() - kShown) : *text);
}

Result<pid_t> Spawn(const ChildProgram& child) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, child.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                   0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> words;
  for (const std::string& word : child.words) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t pid = 0;
  const int error =
      ::posix_spawnp(&pid, words.front(), &actions, &attributes, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error == ENOENT) {
    return NotFound("there is no program '" + child.words.front() + "' on PATH");
  }
  if (error != 0) return ErrnoStatus("cannot start '" + child.words.front() + "'", error);
  return pid;
}

// Whether the process has ended; its status then.
bool HasEnded(pid_t pid, int* status) { return ::waitpid(pid, status, WNOHANG) == pid; }

bool HasEndedWithin(pid_t pid, Duration limit) {
  const Deadline deadline = Deadline::In(limit);
  for (int status = 0; !HasEnded(pid, &status);) {
    if (deadline.Passed()) return false;
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return true;
}

// A process that SIGKILL does not end, as one that waits for a disk, is left behind.
void EndGroup(pid_t pid) {
  ::kill(-pid, SIGTERM);
  const bool ended = HasEndedWithin(pid, kKillAfter);
  ::kill(-pid, SIGKILL);
  if (!ended) (void)HasEndedWithin(pid, kLeaveAfter);
}

}  // namespace

Status RunToEnd(const ChildProgram& child) {
  if (child.words.empty()) return InvalidArgument("there is no program to start");
  ASSIGN_OR_RETURN(const pid_t pid, Spawn(child));
  const Deadline deadline = Deadline::In(child.limit);
  int status = 0;
  for (;;) {
    if (child.stop != nullptr && child.stop->load()) {
      EndGroup(pid);
      return Cancelled("stopped on request");
    }
    if (HasEnded(pid, &status)) break;
    if (deadline.Passed()) {
      EndGroup(pid);
      return DeadlineExceeded("'" + child.words.front() + "' had not ended after " +
                              SecondsText(child.limit) + EndOfLog(child.log));
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return OkStatus();
  const std::string how = WIFEXITED(status)
                              ? "ended with code " + std::to_string(WEXITSTATUS(status))
                              : "was ended by signal " + std::to_string(WTERMSIG(status));
  return Internal("'" + child.words.front() + "' " + how + EndOfLog(child.log));
}

std::vector<std::string> LaunchWords(const std::string& command, int ranks) {
  std::vector<std::string> words;
  std::istringstream stream(command);
  for (std::string word; stream >> word;) {
    const std::string place = "{ranks}";
    for (size_t at = word.find(place); at != std::string::npos; at = word.find(place)) {
      word.replace(at, place.size(), std::to_string(ranks));
    }
    words.push_back(word);
  }
  return words;
}

}  // namespace lockstep::cluster
