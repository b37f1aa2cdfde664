// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <sstream>

namespace lockstep {
namespace {

// One line from a file of /proc or /sys, whose size stat does not know.
std::string ProcLine(const std::string& path) {
  std::string line;
  if (FILE* file = ::fopen(path.c_str(), "re")) {
    char buffer[4096];
    if (::fgets(buffer, sizeof buffer, file) != nullptr) line = buffer;
    ::fclose(file);
  }
  if (!line.empty() && line.back() == '\n') line.pop_back();
  return line;
}

struct ProcStat {
  bool found = false;
  std::string name, state, start;
  int64_t parent = 0;
};

ProcStat StatOf(int64_t pid) {
  const std::string stat = ProcLine("/proc/" + std::to_string(pid) + "/stat");
  const size_t name_end = stat.rfind(')');  // the name before it may hold anything
  if (name_end == std::string::npos) return {};
  std::istringstream fields(stat.substr(name_end + 1));
  ProcStat result{.found = true};
  const size_t name_begin = stat.find('(') + 1;
  result.name = stat.substr(name_begin, name_end - name_begin);
  fields >> result.state >> result.parent;
  for (int i = 5; i <= 22; ++i) fields >> result.start;  // field 22 of proc(5): starttime
  return result;
}

bool IsDead(const ProcStat& stat) { return stat.state == "Z" || stat.state == "X"; }

std::string PidNamespace() {
  char text[64];
  const ssize_t n = ::readlink("/proc/self/ns/pid", text, sizeof text);
  return n > 0 ? std::string(text, static_cast<size_t>(n)) : "";
}

}  // namespace

std::string HostName() {
  char host[256] = "";
  if (::gethostname(host, sizeof host - 1) != 0 || host[0] == '\0') return "unknown";
  return host;
}

std::string BootId() { return ProcLine("/proc/sys/kernel/random/boot_id"); }

std::string ProcessStart(int64_t pid) {
  const ProcStat stat = StatOf(pid);
  return IsDead(stat) ? "" : stat.start;
}

ProcessIdentity OwnProcess() {
  const int64_t pid = ::getpid();
  return {HostName(), BootId(), PidNamespace(), pid, ProcessStart(pid)};
}

bool IsCertainlyGone(const ProcessIdentity& process) {
  const ProcessIdentity own = OwnProcess();
  // Without these four nothing that /proc says can be compared.
  if (own.boot_id.empty() || own.pid_namespace.empty() || process.start.empty() ||
      process.pid <= 0) {
    return false;
  }
  if (process.host != own.host || process.boot_id != own.boot_id ||
      process.pid_namespace != own.pid_namespace) {
    return false;
  }
  const ProcStat stat = StatOf(process.pid);
  if (stat.found) return IsDead(stat) || stat.start != process.start;
  // /proc may hide other users' processes (hidepid): ESRCH is what counts.
  return ::kill(static_cast<pid_t>(process.pid), 0) != 0 && errno == ESRCH;
}

std::vector<AncestorProcess> AncestorProcesses() {
  const ProcessIdentity own = OwnProcess();
  std::vector<AncestorProcess> ancestors;
  for (int64_t pid = ::getppid(); pid > 0;) {
    const ProcStat stat = StatOf(pid);
    if (!stat.found) break;  // of another pid namespace, hidden, or it has just ended
    ancestors.push_back({{own.host, own.boot_id, own.pid_namespace, pid, stat.start}, stat.name});
    pid = stat.parent;
  }
  return ancestors;
}

std::string UtcTimeText() {
  const std::time_t now = std::time(nullptr);
  std::tm fields{};
  ::gmtime_r(&now, &fields);
  char text[32];
  const size_t n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &fields);
  return std::string(text, n);
}

}  // namespace lockstep
