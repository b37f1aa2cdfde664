// SPDX-License-Identifier: Apache-2.0
#include "storage/importers/idx/byte_source.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace lockstep::storage {
namespace {

// The pieces of an input, the next of which is looked at before it is taken.
class Pieces {
 public:
  Pieces(ByteInput* input, std::string_view first) : input_(input), rest_(first) {}
  // What is left of the piece, or the next one; empty at the end.
  Result<std::string_view> Look() {
    if (rest_.empty() && !ended_) {
      ASSIGN_OR_RETURN(rest_, input_->Next());
      ended_ = rest_.empty();
    }
    return rest_;
  }
  void Take(size_t size) { rest_.remove_prefix(size); }

 private:
  ByteInput* input_;
  std::string_view rest_;
  bool ended_ = false;
};

class PlainSource : public ByteSource {
 public:
  explicit PlainSource(Pieces pieces) : pieces_(pieces) {}
  Status Read(size_t size, std::string* out) override {
    while (size > 0) {
      ASSIGN_OR_RETURN(const std::string_view piece, pieces_.Look());
      if (piece.empty()) break;
      const size_t n = std::min(size, piece.size());
      out->append(piece.substr(0, n));
      pieces_.Take(n);
      size -= n;
    }
    return {};
  }

 private:
  Pieces pieces_;
};

class GzipSource : public ByteSource {
 public:
  GzipSource(Pieces pieces, std::string_view name) : pieces_(pieces), name_(name) {
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
      ASSIGN_OR_RETURN(const std::string_view piece, pieces_.Look());
      const size_t in = std::min<size_t>(piece.size(), std::numeric_limits<uInt>::max());
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
      stream_.avail_in = static_cast<uInt>(in);
      stream_.next_out = reinterpret_cast<Bytef*>(out + *made);
      stream_.avail_out = static_cast<uInt>(size - *made);
      const int code = inflate(&stream_, Z_NO_FLUSH);
      pieces_.Take(in - stream_.avail_in);
      *made = size - stream_.avail_out;
      if (code == Z_STREAM_END) {
        RETURN_IF_ERROR(NextMember());
      } else if (code == Z_BUF_ERROR && piece.empty()) {
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
    ASSIGN_OR_RETURN(const std::string_view piece, pieces_.Look());
    ended_ = piece.empty();
    if (ended_) return {};
    if (inflateReset(&stream_) == Z_OK) return {};
    return Internal("zlib cannot be reset for '" + name_ + "'");
  }

  z_stream stream_{};
  Pieces pieces_;
  std::string name_;
  bool begun_ = false;  // else there was no memory for it
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<ByteSource>> ByteSource::Make(ByteInput* input, std::string_view name) {
  ASSIGN_OR_RETURN(const std::string_view first, input->Next());
  const Pieces pieces(input, first);
  if (first.starts_with("\x1f\x8b")) {
    return std::unique_ptr<ByteSource>(std::make_unique<GzipSource>(pieces, name));
  }
  return std::unique_ptr<ByteSource>(std::make_unique<PlainSource>(pieces));
}

}  // namespace lockstep::storage
