// SPDX-License-Identifier: Apache-2.0
#include "storage/source/inflate.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/format.h"
#include "storage/source/byte_input.h"

namespace lockstep::storage {
namespace {

constexpr size_t kPiece = size_t{256} << 10;

// zlib's stream; it is moved never, as it points to itself.
class Inflater {
 public:
  explicit Inflater(int window_bits) : ready_(::inflateInit2(&stream_, window_bits) == Z_OK) {}
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready_) ::inflateEnd(&stream_);
  }
  bool ready() const { return ready_; }
  z_stream* stream() { return &stream_; }

 private:
  z_stream stream_{};
  bool ready_;
};

Bytef* ZlibBytes(const char* bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes));  // zlib does not write to its input
}

class GzipInput : public ByteInput {
 public:
  GzipInput(ByteInput* packed, std::string name)
      : packed_(packed), name_(std::move(name)), buffer_(kPiece, '\0'), inflater_(15 + 16) {}

  Result<std::string_view> Next() override {
    if (!inflater_.ready()) return ResourceExhausted("out of memory to unpack " + Quoted(name_));
    z_stream* const z = inflater_.stream();
    while (!done_) {
      z->next_out = ZlibBytes(buffer_.data());
      z->avail_out = static_cast<uInt>(buffer_.size());
      RETURN_IF_ERROR(Step(z));
      const size_t n = buffer_.size() - z->avail_out;
      if (n > 0) return std::string_view(buffer_).substr(0, n);
    }
    return std::string_view();
  }

 private:
  Status Step(z_stream* z) {
    if (z->avail_in == 0) {
      RETURN_IF_ERROR(Refill(z));
      if (z->avail_in == 0) {
        if (!between_) return Damaged("it ends within the gzip data: it is cut short");
        done_ = true;
        return {};
      }
    }
    if (between_ && !first_) {
      // After a member comes another, or zeros that fill a block of a tape.
      if (*z->next_in == 0) return SkipZeros(z);
      CHECK(::inflateReset(z) == Z_OK);
    }
    between_ = false;
    first_ = false;
    const int code = ::inflate(z, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      between_ = true;
      return {};
    }
    if (code == Z_OK || code == Z_BUF_ERROR) return {};
    if (code == Z_MEM_ERROR) return ResourceExhausted("out of memory to unpack " + Quoted(name_));
    return Damaged(std::string("its gzip data is damaged") +
                   (z->msg == nullptr ? "" : std::string(" (") + z->msg + ")"));
  }

  Status Refill(z_stream* z) {
    ASSIGN_OR_RETURN(const std::string_view piece, packed_->Next());
    z->next_in = ZlibBytes(piece.data());
    z->avail_in = static_cast<uInt>(piece.size());
    return {};
  }

  Status SkipZeros(z_stream* z) {
    const std::string_view rest(reinterpret_cast<const char*>(z->next_in), z->avail_in);
    if (rest.find_first_not_of('\0') != std::string_view::npos) {
      return Damaged("after the end of its gzip data there are other bytes");
    }
    z->avail_in = 0;
    return {};
  }

  Status Damaged(const std::string& what) const {
    return DataLoss(Quoted(name_) + ": " + what + "; fetch or make it again");
  }

  ByteInput* packed_;
  std::string name_;
  std::string buffer_;
  Inflater inflater_;
  bool between_ = true;  // at the start or behind a member
  bool first_ = true;
  bool done_ = false;
};

class DeflateInput : public ByteInput {
 public:
  DeflateInput(ByteInput* packed, int64_t size)
      : packed_(packed), rest_(size), buffer_(kPiece, '\0'), inflater_(-15) {}

  Result<std::string_view> Next() override {
    if (!inflater_.ready()) return ResourceExhausted("out of memory to unpack it");
    z_stream* const z = inflater_.stream();
    while (!done_) {
      z->next_out = ZlibBytes(buffer_.data());
      z->avail_out = static_cast<uInt>(buffer_.size());
      RETURN_IF_ERROR(Step(z));
      const size_t n = buffer_.size() - z->avail_out;
      rest_ -= static_cast<int64_t>(n);
      if (rest_ < 0 || (done_ && rest_ > 0)) return Damaged();
      if (n > 0) return std::string_view(buffer_).substr(0, n);
    }
    return std::string_view();
  }

 private:
  Status Step(z_stream* z) {
    if (z->avail_in == 0) {
      ASSIGN_OR_RETURN(const std::string_view piece, packed_->Next());
      z->next_in = ZlibBytes(piece.data());
      z->avail_in = static_cast<uInt>(piece.size());
    }
    // Without more input there may be output still; else the stream does not end, Z_BUF_ERROR.
    const int code = ::inflate(z, Z_NO_FLUSH);
    if (code == Z_MEM_ERROR) return ResourceExhausted("out of memory to unpack it");
    if (code != Z_OK && code != Z_STREAM_END) return Damaged();
    if (code != Z_STREAM_END) return {};
    done_ = true;
    if (z->avail_in > 0) return Damaged();
    ASSIGN_OR_RETURN(const std::string_view after, packed_->Next());
    return after.empty() ? OkStatus() : Damaged();
  }

  static Status Damaged() { return DataLoss("its compressed bytes are damaged"); }

  ByteInput* packed_;
  int64_t rest_;  // to come
  std::string buffer_;
  Inflater inflater_;
  bool done_ = false;
};

}  // namespace

std::unique_ptr<ByteInput> UnpackDeflate(ByteInput* packed, int64_t size) {
  return std::make_unique<DeflateInput>(packed, size);
}

std::unique_ptr<ByteInput> UnpackGzip(ByteInput* packed, std::string name) {
  return std::make_unique<GzipInput>(packed, std::move(name));
}

Result<std::string> Inflate(std::string_view packed, int64_t size) {
  CHECK(size >= 0 && size <= MostUnpacked(static_cast<int64_t>(packed.size())));
  CHECK(packed.size() <= std::numeric_limits<uInt>::max() &&
        size < std::numeric_limits<uInt>::max());
  Inflater inflater(-15);
  if (!inflater.ready()) return ResourceExhausted("out of memory to unpack it");
  // One byte more than expected, to see data that goes on.
  std::string bytes(static_cast<size_t>(size) + 1, '\0');
  z_stream* const z = inflater.stream();
  z->next_in = ZlibBytes(packed.data());
  z->avail_in = static_cast<uInt>(packed.size());
  z->next_out = ZlibBytes(bytes.data());
  z->avail_out = static_cast<uInt>(bytes.size());
  const int code = ::inflate(z, Z_FINISH);
  if (code == Z_MEM_ERROR) return ResourceExhausted("out of memory to unpack it");
  if (code != Z_STREAM_END || z->avail_in != 0 || z->avail_out != 1) {
    return DataLoss("its compressed bytes are damaged");
  }
  bytes.pop_back();
  return bytes;
}

uint32_t Crc32(std::string_view bytes, uint32_t before) {
  if (bytes.empty()) return before;  // where there is no address, zlib begins anew
  return static_cast<uint32_t>(::crc32_z(before, ZlibBytes(bytes.data()), bytes.size()));
}

}  // namespace lockstep::storage
