// SPDX-License-Identifier: Apache-2.0
// StandardStream: standard output or standard error as a std::ostream that knows whether all of it
// was written. A failed write is remembered and what it was to write is dropped; later writes are
// tried again, for a disk that was full may have room. A reader that has gone (`| head -1`) is no
// failure: it has seen what it wanted.
#pragma once

#include <ostream>
#include <streambuf>
#include <string>

#include "base/mutex.h"

namespace lockstep::cluster {

class StandardStream : public std::ostream {
 public:
  enum class Flushing { kWhenAsked, kByLine };  // by line: one write a line, whoever else writes
  StandardStream(int descriptor, Flushing flushing);
  ~StandardStream() override { flush(); }

  // The error number of the first failed write; 0: there was none. flush() brings it up to date.
  const int* error() const { return buffer_.error(); }

 private:
  class Buffer : public std::streambuf {
   public:
    Buffer(int descriptor, Flushing flushing) : descriptor_(descriptor), flushing_(flushing) {}
    const int* error() const { return &error_; }

   protected:
    int_type overflow(int_type c) override EXCLUDES(mutex_);
    std::streamsize xsputn(const char* text, std::streamsize size) override EXCLUDES(mutex_);
    int sync() override EXCLUDES(mutex_);

   private:
    void Add(std::string_view text) REQUIRES(mutex_);
    void Write(size_t size) REQUIRES(mutex_);  // so much of what is pending

    const int descriptor_;
    const Flushing flushing_;
    int error_ = 0;
    Mutex mutex_;
    std::string pending_ GUARDED_BY(mutex_);
  };

  Buffer buffer_;
};

}  // namespace lockstep::cluster
