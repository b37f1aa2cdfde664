// SPDX-License-Identifier: Apache-2.0
// libpng reports errors by a function that must not return: it jumps back to Guarded, over frames
// that hold nothing to be destroyed.
#include "storage/image/png_decoder.h"

#include <png.h>

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstring>
#include <string>

namespace lockstep::storage {
namespace {

// Of an interlaced picture, which lies in memory whole.
constexpr int64_t kMaxMemory = int64_t{1} << 29;

Status NotOfThisHeader() {
  return DataLoss("the PNG is not the one that its header was read from");
}

// The rows of a PNG, one after the other.
class PngRows {
 public:
  PngRows(std::string_view bytes, bool as_values) : rest_(bytes), as_values_(as_values) {}
  ~PngRows() { png_destroy_read_struct(&reader_, &info_, nullptr); }
  PngRows(const PngRows&) = delete;
  PngRows& operator=(const PngRows&) = delete;

  // Reads what comes before the pixels. `row` is memory for one row.
  Status Open(std::vector<uint8_t>* row);
  // The next row: a byte for each value, but two (little-endian) for one of 16 bits where
  // `as_values`, else its high byte alone. Values of less than 8 bits are not scaled.
  Status Next(const uint8_t** row);
  // Reads what comes behind the pixels.
  Status Finish();

  int64_t height() const { return png_get_image_height(reader_, info_); }
  int64_t width() const { return png_get_image_width(reader_, info_); }
  int colour() const { return png_get_color_type(reader_, info_) & ~PNG_COLOR_MASK_ALPHA; }
  int depth() const { return depth_; }  // of the file
  int64_t pixel_bytes() const { return pixel_bytes_; }
  // What the palette says; its size is 0 where there is none.
  void GetPalette(png_colorp* colours, int* size) { png_get_PLTE(reader_, info_, colours, size); }

 private:
  [[noreturn]] static void Fail(png_structp reader, png_const_charp message);
  static void PassOver(png_structp, png_const_charp) {}
  static void ReadBytes(png_structp reader, png_bytep out, size_t size);

  // Runs a call of libpng that keeps nothing that needs destruction.
  template <typename Body>
  Status Guarded(const Body& body) {
    if (setjmp(jump_) != 0) return Failure();
    body();
    return {};
  }
  Status Failure() const;
  void ReadInfo();
  Status ReadInterlaced();

  std::string_view rest_;  // not read yet
  bool as_values_;
  png_structp reader_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf jump_;
  char message_[160] = {};
  bool out_of_memory_ = false;
  int depth_ = 0;
  int64_t pixel_bytes_ = 0;
  bool interlaced_ = false;
  uint8_t* row_ = nullptr;
  std::vector<uint8_t> picture_;  // of an interlaced file
  int64_t next_ = 0;
};

void PngRows::Fail(png_structp reader, png_const_charp message) {
  auto* rows = static_cast<PngRows*>(png_get_error_ptr(reader));
  std::strncpy(rows->message_, message, sizeof(rows->message_) - 1);
  rows->out_of_memory_ = std::strcmp(message, "Out of memory") == 0;
  std::longjmp(rows->jump_, 1);
}

void PngRows::ReadBytes(png_structp reader, png_bytep out, size_t size) {
  auto* rows = static_cast<PngRows*>(png_get_io_ptr(reader));
  if (size > rows->rest_.size()) png_error(reader, "the file ends too early");
  std::memcpy(out, rows->rest_.data(), size);
  rows->rest_.remove_prefix(size);
}

Status PngRows::Failure() const {
  if (out_of_memory_) return ResourceExhausted("no memory to decode a PNG");
  return DataLoss("the PNG is damaged or cut short (libpng: " + std::string(message_) +
                  "). Fetch it again or leave it out");
}

// All that is damaged is an error, in chunks that are passed over too. Chunks that say how to show
// the picture are passed over: gamma, colour profiles, transparency.
void PngRows::ReadInfo() {
  png_set_read_fn(reader_, this, ReadBytes);
  png_set_benign_errors(reader_, 0);
  png_set_crc_action(reader_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
  png_set_check_for_invalid_index(reader_, 0);
  png_set_keep_unknown_chunks(reader_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_set_keep_unknown_chunks(reader_, PNG_HANDLE_CHUNK_NEVER,
                              reinterpret_cast<png_const_bytep>("tRNS"), 1);
  png_read_info(reader_, info_);
  depth_ = png_get_bit_depth(reader_, info_);
  if (depth_ == 16 && as_values_) png_set_swap(reader_);
  if (depth_ == 16 && !as_values_) png_set_strip_16(reader_);
  png_set_packing(reader_);
  interlaced_ = png_set_interlace_handling(reader_) > 1;
  png_read_update_info(reader_, info_);
  pixel_bytes_ = png_get_channels(reader_, info_) * (depth_ == 16 && as_values_ ? 2 : 1);
}

Status PngRows::Open(std::vector<uint8_t>* row) {
  reader_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, Fail, PassOver);
  info_ = reader_ == nullptr ? nullptr : png_create_info_struct(reader_);
  if (info_ == nullptr) return ResourceExhausted("no memory to decode a PNG");
  RETURN_IF_ERROR(Guarded([&] { ReadInfo(); }));
  const auto row_bytes = static_cast<size_t>(width() * pixel_bytes_);
  CHECK_EQ(row_bytes, png_get_rowbytes(reader_, info_));
  if (interlaced_) return ReadInterlaced();
  row->resize(std::max(row->size(), row_bytes));
  row_ = row->data();
  return {};
}

Status PngRows::ReadInterlaced() {
  const int64_t row_bytes = width() * pixel_bytes_;
  if (height() > kMaxMemory / row_bytes) {
    return DataLoss(
        "the interlaced PNG needs more than 512 MiB of memory to be decoded; save it as one that "
        "is "
        "not interlaced");
  }
  picture_.resize(static_cast<size_t>(height() * row_bytes));
  uint8_t* picture = picture_.data();
  return Guarded([&] {
    for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; ++pass) {
      for (int64_t y = 0; y < height(); ++y) {
        png_read_row(reader_, picture + y * row_bytes, nullptr);
      }
    }
  });
}

Status PngRows::Next(const uint8_t** row) {
  const int64_t y = next_++;
  *row = interlaced_ ? picture_.data() + y * width() * pixel_bytes_ : row_;
  if (interlaced_) return {};
  return Guarded([&] { png_read_row(reader_, row_, nullptr); });
}

Status PngRows::Finish() {
  return Guarded([&] { png_read_end(reader_, nullptr); });
}

// What values of a palette or of less than 8 bits look like.
class ColourTable {
 public:
  explicit ColourTable(PngRows* rows) {
    is_used_ = rows->colour() == PNG_COLOR_TYPE_PALETTE || rows->depth() < 8;
    if (!is_used_) return;
    if (rows->colour() != PNG_COLOR_TYPE_PALETTE) {
      size_ = 1 << rows->depth();
      for (int i = 0; i < size_; ++i) {
        colours_[static_cast<size_t>(i)].fill(static_cast<uint8_t>(i * 255 / (size_ - 1)));
      }
      return;
    }
    png_colorp colours = nullptr;
    rows->GetPalette(&colours, &size_);
    for (int i = 0; i < size_; ++i) {
      colours_[static_cast<size_t>(i)] = {colours[i].red, colours[i].green, colours[i].blue};
    }
  }

  bool is_used() const { return is_used_; }

  Status Apply(const uint8_t* values, int64_t pixels, uint8_t* out) const {
    for (int64_t x = 0; x < pixels; ++x, out += 3) {
      if (values[x] >= size_) {
        return DataLoss("the PNG is damaged: a pixel has colour " + std::to_string(values[x]) +
                        " of a palette of " + std::to_string(size_) + ". Leave it out");
      }
      std::memcpy(out, colours_[values[x]].data(), 3);
    }
    return {};
  }

 private:
  bool is_used_ = false;
  int size_ = 0;
  std::array<std::array<uint8_t, 3>, 256> colours_ = {};
};

}  // namespace

Status DecodePng(std::string_view bytes, const ImageHeader& header, const RowSink& sink,
                 std::vector<uint8_t>* memory) {
  const Window& window = sink.stored();
  const ImageSize stored = StoredSize(header, 3);
  PngRows rows(bytes, /*as_values=*/false);
  RETURN_IF_ERROR(rows.Open(memory));
  if (rows.height() != stored.height || rows.width() != stored.width) return NotOfThisHeader();
  const ColourTable table(&rows);
  std::vector<uint8_t> looked_up(table.is_used() ? static_cast<size_t>(window.width * 3) : 0);
  for (int64_t y = 0; y < window.top + window.height; ++y) {
    const uint8_t* row = nullptr;
    RETURN_IF_ERROR(rows.Next(&row));
    if (y < window.top) continue;
    row += window.left * rows.pixel_bytes();
    if (table.is_used()) {
      RETURN_IF_ERROR(table.Apply(row, window.width, looked_up.data()));
      sink.Put(y - window.top, looked_up.data(), 3);
    } else {
      sink.Put(y - window.top, row, rows.pixel_bytes());
    }
  }
  return window.top + window.height == stored.height ? rows.Finish() : OkStatus();
}

Status DecodePngValues(std::string_view bytes, const ImageHeader& header, const Window& window,
                       void* out, std::vector<uint8_t>* memory) {
  const int64_t value_bytes = header.sixteen_bit ? 2 : 1;
  const RowSink sink(header, window, value_bytes, static_cast<uint8_t*>(out));
  const Window& part = sink.stored();
  const ImageSize stored = StoredSize(header, 1);
  PngRows rows(bytes, /*as_values=*/true);
  RETURN_IF_ERROR(rows.Open(memory));
  if (rows.height() != stored.height || rows.width() != stored.width ||
      rows.pixel_bytes() != value_bytes) {
    return NotOfThisHeader();
  }
  for (int64_t y = 0; y < part.top + part.height; ++y) {
    const uint8_t* row = nullptr;
    RETURN_IF_ERROR(rows.Next(&row));
    if (y >= part.top) sink.Put(y - part.top, row + part.left * value_bytes, value_bytes);
  }
  return part.top + part.height == stored.height ? rows.Finish() : OkStatus();
}

}  // namespace lockstep::storage
