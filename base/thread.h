// SPDX-License-Identifier: Apache-2.0
// Thread: the one place where threads of this program are made. A system that refuses one (memory,
// `ulimit -u`, a container's limit) is told as a Status, or, where nobody could be told, ends the
// process with its documented code: never an exception, never an abort.
//
// Every thread has a stack of kThreadStackBytes, whatever `ulimit -s` says. An exception that
// escapes a thread's body ends the process (base/exceptions.h).
#pragma once

#include <pthread.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/status.h"

namespace lockstep {

inline constexpr size_t kThreadStackBytes = size_t{8} << 20;

class Thread {
 public:
  Thread() = default;  // no thread
  // `name` says in messages what the thread is for. Where it cannot be started the process ends;
  // this is for constructors, which can tell nobody.
  Thread(const std::string& name, std::function<void()> body);
  // Resource-exhausted, with the limits in force and the remedy, where it cannot be started.
  static Result<Thread> Start(const std::string& name, std::function<void()> body);

  Thread(Thread&& other) noexcept : handle_(other.handle_), joinable_(other.joinable_) {
    other.joinable_ = false;
  }
  Thread& operator=(Thread&& other) noexcept;
  ~Thread();  // must have been joined, or detached

  bool joinable() const { return joinable_; }
  void Join();
  // It runs until the process ends, and nobody waits for that.
  void Detach();

 private:
  pthread_t handle_{};
  bool joinable_ = false;
};

// Gives the threads that libraries start the same stack. To be called once, when a program starts.
void SetDefaultThreadStack();

}  // namespace lockstep
