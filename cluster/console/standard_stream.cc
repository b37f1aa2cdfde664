// SPDX-License-Identifier: Apache-2.0
#include "cluster/console/standard_stream.h"

#include <unistd.h>

#include <cerrno>

namespace lockstep::cluster {
namespace {

constexpr size_t kMostPending = size_t{64} << 10;

// Returns 0, or the error number that says why not all was written.
int WriteAllOf(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace

StandardStream::StandardStream(int descriptor, Flushing flushing)
    : std::ostream(nullptr), buffer_(descriptor, flushing) {
  rdbuf(&buffer_);
}

StandardStream::Buffer::int_type StandardStream::Buffer::overflow(int_type c) {
  if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
  const char one = traits_type::to_char_type(c);
  MutexLock lock(&mutex_);
  Add({&one, 1});
  return c;
}

std::streamsize StandardStream::Buffer::xsputn(const char* text, std::streamsize size) {
  MutexLock lock(&mutex_);
  Add({text, static_cast<size_t>(size)});
  return size;
}

int StandardStream::Buffer::sync() {
  MutexLock lock(&mutex_);
  Write(pending_.size());
  return 0;
}

void StandardStream::Buffer::Add(std::string_view text) {
  pending_ += text;
  if (flushing_ == Flushing::kByLine) Write(pending_.rfind('\n') + 1);  // npos + 1 is 0
  if (pending_.size() > kMostPending) Write(pending_.size());
}

void StandardStream::Buffer::Write(size_t size) {
  if (size == 0) return;
  const int error = WriteAllOf(descriptor_, std::string_view(pending_).substr(0, size));
  pending_.erase(0, size);
  if (error != 0 && error != EPIPE && error_ == 0) error_ = error;
}

}  // namespace lockstep::cluster
