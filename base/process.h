// SPDX-License-Identifier: Apache-2.0
// Which process this is, in words that another process, now or after a crash, can check: the names
// under which a machine, a boot and a process are told apart. And the time of day as text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lockstep {

struct ProcessIdentity {
  std::string host;           // as gethostname says
  std::string boot_id;        // the kernel's, new at every boot; empty where there is none
  std::string pid_namespace;  // "pid:[4026531836]": where `pid` means something; empty: not known
  int64_t pid = 0;
  std::string start;  // clock ticks from boot to its start: a pid is used again, this pair is not
  bool operator==(const ProcessIdentity&) const = default;
};

ProcessIdentity OwnProcess();  // looked up at each call: right in a forked child too

std::string HostName();
std::string BootId();
// When a process started, in clock ticks since boot; empty if there is no such process, or only a
// zombie of it: kill(pid, 0) takes a zombie for alive.
std::string ProcessStart(int64_t pid);

// Whether that process certainly runs no more. False where nobody can tell: for a process of
// another machine, boot or pid namespace, and for one that may not be looked at.
bool IsCertainlyGone(const ProcessIdentity& process);

struct AncestorProcess {
  ProcessIdentity process;
  std::string name;  // as the kernel has it: at most 15 characters
};

// The parent of this process, its parent and so on, as far as /proc shows them; nearest first.
std::vector<AncestorProcess> AncestorProcesses();

// Now, as "2026-11-25T02:03:45Z". For people; no decision reads it.
std::string UtcTimeText();

}  // namespace lockstep
