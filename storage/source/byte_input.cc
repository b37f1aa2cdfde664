// SPDX-License-Identifier: Apache-2.0
#include "storage/source/byte_input.h"

#include "base/format.h"
#include "storage/env/disk_faults.h"

namespace lockstep::storage {

Result<std::string_view> RangeInput::Next() {
  constexpr int64_t kPiece = int64_t{256} << 10;
  buffer_.resize(static_cast<size_t>(std::min(rest_, kPiece)));
  RETURN_IF_ERROR(read_(done_, buffer_.data(), buffer_.size()));
  done_ += static_cast<int64_t>(buffer_.size());
  rest_ -= static_cast<int64_t>(buffer_.size());
  return std::string_view(buffer_);
}

Result<std::string_view> FileInput::Next() {
  if (options_->stop != nullptr && options_->stop->load()) {
    return Cancelled("stopped while " + Quoted(file_->name()) + " was read");
  }
  ASSIGN_OR_RETURN(const size_t n, RetryDiskFaults([&] {
                     return file_->ReadSome(done_, buffer_.data(), buffer_.size());
                   }));
  done_ += static_cast<int64_t>(n);
  return std::string_view(buffer_).substr(0, n);
}

}  // namespace lockstep::storage
