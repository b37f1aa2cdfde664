// SPDX-License-Identifier: Apache-2.0
// Exceptions of libraries: we throw none, and catch theirs where they are called. What escapes all
// the same (from a library's own thread, say) ends the process with a message and a documented
// code, not with an abort.
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/status.h"

namespace lockstep {

// The failure that the exception being handled in a catch block means: resource-exhausted where
// memory or a thread could not be had, else internal. `where` begins the message.
Status CaughtStatus(std::string_view where);

// What call() returns, a Status or Result; an exception that it throws becomes one.
template <typename Call>
std::invoke_result_t<Call> CatchAll(std::string_view where, Call&& call) {
  try {
    return std::forward<Call>(call)();
  } catch (...) {
    return CaughtStatus(where);
  }
}

// Ends the process at once with the status's message and exit code, as a killed one would end:
// nothing is cleaned up, and what is on disk is as after a crash. Where the message is empty
// nothing is said: another process says it.
[[noreturn]] void EndProcess(const Status& status);

// From here on std::terminate says what went wrong and ends the process with 71 (memory, threads)
// or 70 (all else).
void EndOnEscapedExceptions();

}  // namespace lockstep
