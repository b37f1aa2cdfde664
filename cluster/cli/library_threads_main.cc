// SPDX-License-Identifier: Apache-2.0
// The program's own pthread_create, which stands before the C library's: threads that libraries
// start. Where one is refused gRPC aborts or waits for ever, and the OpenMP library ends the
// process with 1, all of them without a word on the limit. Others tell their caller, and are left
// to do so. Not in a sanitizer's build, which has a pthread_create of its own.
#include <dlfcn.h>
#include <pthread.h>

#include <cstring>
#include <string>
#include <string_view>

#include "base/exceptions.h"
#include "base/fault_point.h"
#include "base/process_limits.h"

namespace {

// The file name of the library that holds this code; empty where it is not known.
std::string_view LibraryOf(const void* code) {
  Dl_info info = {};
  if (::dladdr(code, &info) == 0 || info.dli_fname == nullptr) return "";
  const std::string_view path = info.dli_fname;
  return path.substr(path.rfind('/') + 1);
}

bool TellsNobody(std::string_view library) {
  return library.starts_with("libgpr.") || library.starts_with("libgrpc") ||
         library.starts_with("libgomp.");
}

}  // namespace

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes,
                              void* (*body)(void*), void* argument) noexcept {
  static auto* const create =
      reinterpret_cast<decltype(&::pthread_create)>(::dlsym(RTLD_NEXT, "pthread_create"));
  const std::string_view library = LibraryOf(__builtin_return_address(0));
  const bool tells = !TellsNobody(library);
  int error = tells ? 0 : lockstep::FaultPoint("library.thread");
  if (error == 0) error = create(thread, attributes, body, argument);
  if (error == 0 || tells) return error;
  lockstep::EndProcess(lockstep::ResourceExhausted(
      "cannot start a thread of a library (" + std::string(library) + "): " + std::strerror(error) +
      lockstep::LimitsText() +
      "; raise the limit (ulimit -u or -v, the control group's), or use fewer cores and ranks"));
}
