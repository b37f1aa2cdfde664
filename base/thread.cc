// SPDX-License-Identifier: Apache-2.0
#include "base/thread.h"

#include <cstring>
#include <memory>
#include <utility>

#include "base/exceptions.h"
#include "base/process_limits.h"

namespace lockstep {
namespace {

// noexcept: what escapes a body ends the process.
void* Run(void* body) noexcept {
  const std::unique_ptr<std::function<void()>> owned(static_cast<std::function<void()>*>(body));
  (*owned)();
  return nullptr;
}

// Returns 0 or the error number.
int Create(std::function<void()> body, pthread_t* handle) {
  pthread_attr_t attributes;
  if (const int error = ::pthread_attr_init(&attributes); error != 0) return error;
  int error = ::pthread_attr_setstacksize(&attributes, kThreadStackBytes);
  auto owned = std::make_unique<std::function<void()>>(std::move(body));
  if (error == 0) error = ::pthread_create(handle, &attributes, Run, owned.get());
  if (error == 0) owned.release();  // the thread's now
  ::pthread_attr_destroy(&attributes);
  return error;
}

}  // namespace

Result<Thread> Thread::Start(const std::string& name, std::function<void()> body) {
  Thread thread;
  if (const int error = Create(std::move(body), &thread.handle_); error != 0) {
    return ResourceExhausted("cannot start a thread (" + name + "): " + std::strerror(error) +
                             LimitsText() +
                             "; raise the limit (ulimit -u or -v, the control group's), or use "
                             "fewer cores and ranks");
  }
  thread.joinable_ = true;
  return thread;
}

Thread::Thread(const std::string& name, std::function<void()> body) {
  Result<Thread> started = Start(name, std::move(body));
  if (!started.ok()) EndProcess(started.status());
  *this = *std::move(started);
}

Thread& Thread::operator=(Thread&& other) noexcept {
  CHECK(!joinable_) << "a thread is replaced before it was joined";
  handle_ = other.handle_;
  joinable_ = std::exchange(other.joinable_, false);
  return *this;
}

Thread::~Thread() { CHECK(!joinable_) << "a thread was not joined"; }

void Thread::Detach() {
  CHECK(joinable_) << "there is no thread to detach";
  CHECK_EQ(::pthread_detach(handle_), 0);
  joinable_ = false;
}

void Thread::Join() {
  CHECK(joinable_) << "a thread can be joined once";
  CHECK_EQ(::pthread_join(handle_, nullptr), 0);
  joinable_ = false;
}

void SetDefaultThreadStack() {
  pthread_attr_t attributes;
  if (::pthread_attr_init(&attributes) != 0) return;
  (void)::pthread_attr_setstacksize(&attributes, kThreadStackBytes);
  (void)::pthread_setattr_default_np(&attributes);
  ::pthread_attr_destroy(&attributes);
}

}  // namespace lockstep
