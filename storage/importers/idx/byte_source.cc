// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/idx/byte_source.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace lockstep::storage {
namespace {

class PlainSource : public ByteSource {
 public:
  explicit PlainSource(std::string_view bytes) : rest_(bytes) {}
  Status Read(size_t size, std::string* out) override {
    const size_t n = std::min(size, rest_.size());
    out->append(rest_.substr(0, n));
    rest_.remove_prefix(n);
    return {};
  }

 private:
  std::string_view rest_;
};

class GzipSource : public ByteSource {
 public:
  GzipSource(std::string_view bytes, std::string_view name) : rest_(bytes), name_(name) {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    begun_ = inflateInit2(&stream_, kGzipOnly) == Z_OK;
  }
  ~GzipSource() override {
    if (begun_) inflateEnd(&stream_);
  }

  Status Read(size_t size, std::string* out) override {
    if (!begun_) return ResourceExhausted("no memory to unpack '" + name_ + "'");
    while (size > 0 && !ended_) {
      const size_t piece = std::min(size, size_t{1} << 20);
      const size_t before = out->size();
      out->resize(before + piece);
      size_t made = 0;
      const Status status = Inflate(out->data() + before, piece, &made);
      out->resize(before + made);
      RETURN_IF_ERROR(status);
      size -= made;
    }
    return {};
  }

 private:
  // Fills `out` unless the end comes first.
  Status Inflate(char* out, size_t size, size_t* made) {
    while (*made < size && !ended_) {
      const size_t in = std::min<size_t>(rest_.size(), std::numeric_limits<uInt>::max());
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
      stream_.avail_in = static_cast<uInt>(in);
      stream_.next_out = reinterpret_cast<Bytef*>(out + *made);
      stream_.avail_out = static_cast<uInt>(size - *made);
      const int code = inflate(&stream_, Z_NO_FLUSH);
      rest_.remove_prefix(in - stream_.avail_in);
      *made = size - stream_.avail_out;
      if (code == Z_STREAM_END) {
        RETURN_IF_ERROR(NextMember());
      } else if (code == Z_BUF_ERROR && rest_.empty()) {
        return DataLoss("'" + name_ + "' is cut short: the gzip stream has no end. Fetch it again");
      } else if (code == Z_MEM_ERROR) {
        return ResourceExhausted("no memory to unpack '" + name_ + "'");
      } else if (code != Z_OK) {
        return DataLoss("'" + name_ + "' is not intact gzip: " +
                        (stream_.msg != nullptr ? stream_.msg : "zlib code ") +
                        (stream_.msg != nullptr ? "" : std::to_string(code)) + ". Fetch it again");
      }
    }
    return {};
  }

  Status NextMember() {
    ended_ = rest_.empty();
    if (ended_) return {};
    if (inflateReset(&stream_) == Z_OK) return {};
    return Internal("zlib cannot be reset for '" + name_ + "'");
  }

  z_stream stream_{};
  std::string_view rest_;
  std::string name_;
  bool begun_ = false;  // else there was no memory for it
  bool ended_ = false;
};

}  // namespace

std::unique_ptr<ByteSource> ByteSource::Make(std::string_view bytes, std::string_view name) {
  if (bytes.starts_with("\x1f\x8b")) return std::make_unique<GzipSource>(bytes, name);
  return std::make_unique<PlainSource>(bytes);
}

}  // namespace lockstep::storage
