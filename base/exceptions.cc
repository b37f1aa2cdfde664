// SPDX-License-Identifier: Apache-2.0
#include "base/exceptions.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <system_error>

#include "base/process_limits.h"

namespace lockstep {
namespace {

bool IsForLack(const std::error_code& code) {
  return code == std::errc::resource_unavailable_try_again || code == std::errc::not_enough_memory;
}

// Says it with one write, and ends. No memory is asked for: there may be none.
[[noreturn]] void Say(const char* text, const char* detail, StatusCode code) {
  char line[1024];
  const int size = std::snprintf(line, sizeof line, "lockstep: error: %s%s\n", text, detail);
  if (size > 0) {
    (void)!::write(STDERR_FILENO, line,
                   std::min<size_t>(static_cast<size_t>(size), sizeof line - 1));
  }
  ::_exit(ExitCodeOf(code));
}

[[noreturn]] void OnTerminate() {
  constexpr char kOutOfMemory[] =
      "out of memory: less of it can be had than was asked for; free some, or raise ulimit -v and "
      "the control group's limit";
  if (!std::current_exception()) {
    Say("a library has given up without saying why; run again, and look at the limits of this "
        "process (`lockstep doctor`)",
        "", StatusCode::kInternal);
  }
  try {
    throw;
  } catch (const std::bad_alloc&) {
    Say(kOutOfMemory, "", StatusCode::kResourceExhausted);
  } catch (const std::system_error& error) {
    if (IsForLack(error.code())) {
      Say("a library could not start a thread: raise ulimit -u and -v or the control group's "
          "limits: ",
          error.what(), StatusCode::kResourceExhausted);
    }
    Say("a library failed: ", error.what(), StatusCode::kInternal);
  } catch (const std::exception& error) {
    Say("a library failed: ", error.what(), StatusCode::kInternal);
  } catch (...) {
    Say("a library failed with an exception of a kind of its own", "", StatusCode::kInternal);
  }
}

}  // namespace

Status CaughtStatus(std::string_view where) {
  const std::string text = std::string(where) + ": ";
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return ResourceExhausted(text + "out of memory" + LimitsText() +
                             "; free some, or raise the limit");
  } catch (const std::system_error& error) {
    if (!IsForLack(error.code())) return Internal(text + error.what());
    return ResourceExhausted(text + "a thread could not be started: " + error.what() +
                             LimitsText() + "; raise the limit");
  } catch (const std::exception& error) {
    return Internal(text + error.what());
  } catch (...) {
    return Internal(text + "an exception of a kind of its own");
  }
}

void EndProcess(const Status& status) {
  if (status.message().empty()) ::_exit(ExitCodeOf(status.code()));
  Say(status.message().c_str(), "", status.code());
}

void EndOnEscapedExceptions() { std::set_terminate(OnTerminate); }

}  // namespace lockstep
