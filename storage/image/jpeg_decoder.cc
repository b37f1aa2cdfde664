// SPDX-License-Identifier: Apache-2.0
// libjpeg-turbo reports errors by a function that must not return: it jumps back to Guarded, over
// frames that hold nothing to be destroyed.
#include "storage/image/jpeg_decoder.h"

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <string>

// jpeglib.h needs cstdio in front of it.
#include <jerror.h>
#include <jpeglib.h>

namespace lockstep::storage {
namespace {

// Coefficients of a progressive file lie in memory whole.
constexpr long kMaxMemory = long{1} << 29;  // NOLINT: libjpeg's type
// A small file can have thousands of scans of a large picture. Encoders make about ten.
constexpr int kMaxScans = 500;
// Bytes between a segment and the next marker. Some cameras and programs leave a few; a scan that
// is damaged leaves many.
constexpr int kMaxExtraneousBytes = 64;

struct Jpeg {
  jpeg_decompress_struct info = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX] = {};
  bool out_of_memory = false;
  bool too_large = false;       // for kMaxMemory
  bool too_many_scans = false;  // for kMaxScans
};

Jpeg* Of(j_common_ptr info) { return static_cast<Jpeg*>(info->client_data); }

[[noreturn]] void Fail(j_common_ptr info) {
  Jpeg* jpeg = Of(info);
  info->err->format_message(info, jpeg->message);
  jpeg->out_of_memory = info->err->msg_code == JERR_OUT_OF_MEMORY;
  jpeg->too_large = info->err->msg_code == JERR_NO_BACKING_STORE;
  std::longjmp(jpeg->jump, 1);
}

// Warnings have level -1. Those that leave no pixel in doubt are passed over; all else is damage.
void FailUnlessHarmless(j_common_ptr info, int level) {
  if (level >= 0) return;
  switch (info->err->msg_code) {
    case JWRN_ADOBE_XFORM:     // an unknown colour transform: taken as YCbCr or YCCK
    case JWRN_JFIF_MAJOR:      // an unknown version of JFIF
    case JWRN_NOT_SEQUENTIAL:  // a baseline scan with parameters that only progressive ones use
      return;
    case JWRN_EXTRANEOUS_DATA:
      if (info->err->msg_parm.i[0] <= kMaxExtraneousBytes) return;
      break;
    default:
      break;
  }
  Fail(info);
}

void CountScans(j_common_ptr info) {
  Jpeg* jpeg = Of(info);
  if (jpeg->info.input_scan_number <= kMaxScans) return;
  jpeg->too_many_scans = true;
  std::longjmp(jpeg->jump, 1);
}

void PrintNothing(j_common_ptr) {}

// False where libjpeg failed in `body`, which must not keep anything that needs destruction.
template <typename Body>
bool Guarded(Jpeg* jpeg, const Body& body) {
  if (setjmp(jpeg->jump) != 0) return false;
  body();
  return true;
}

// What libjpeg had to say, as a status.
Status Failure(const Jpeg& jpeg) {
  if (jpeg.out_of_memory) return ResourceExhausted("no memory to decode a JPEG");
  if (jpeg.too_large) {
    return DataLoss(
        "the JPEG needs more than 512 MiB of memory to be decoded; save it as baseline "
        "JPEG or make it smaller");
  }
  if (jpeg.too_many_scans) {
    return DataLoss("the JPEG has more than " + std::to_string(kMaxScans) +
                    " scans, which no encoder makes; save it again or leave it out");
  }
  return DataLoss("the JPEG is damaged or cut short (libjpeg: " + std::string(jpeg.message) +
                  "). Fetch it again or leave it out");
}

// From the struct's creation to the frame header. A struct is made for each file, because tables of
// one file would stay for the next that lacks its own.
bool Start(std::string_view bytes, Jpeg* jpeg) {
  jpeg_decompress_struct* info = &jpeg->info;
  info->err = jpeg_std_error(&jpeg->errors);
  jpeg->errors.error_exit = Fail;
  jpeg->errors.emit_message = FailUnlessHarmless;
  jpeg->errors.output_message = PrintNothing;
  jpeg->progress.progress_monitor = CountScans;
  info->client_data = jpeg;
  return Guarded(jpeg, [&] {
    jpeg_create_decompress(info);
    info->progress = &jpeg->progress;
    info->mem->max_memory_to_use = kMaxMemory;
    jpeg_mem_src(info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    jpeg_read_header(info, TRUE);
    info->dct_method = JDCT_ISLOW;
    info->do_fancy_upsampling = TRUE;
    info->out_color_space = info->num_components == 1   ? JCS_GRAYSCALE
                            : info->num_components == 4 ? JCS_CMYK
                                                        : JCS_RGB;
    jpeg_start_decompress(info);
  });
}

// A progressive file may end before its low frequencies are exact; libjpeg then guesses them from
// the blocks around, and a part of the picture is not what it is in the whole.
bool IsSmoothed(const jpeg_decompress_struct& info) {
  if (!info.progressive_mode || info.coef_bits == nullptr) return false;
  constexpr int kGuessed = 10;
  for (int c = 0; c < info.num_components; ++c) {
    const int* bits = info.coef_bits[c];
    if (std::any_of(bits, bits + kGuessed, [](int b) { return b != 0; })) return true;
  }
  return false;
}

// The wanted part of a row as CMYK of Adobe's sense (0 is full ink), by the rule of Pillow.
void CmykToRgb(const uint8_t* cmyk, int64_t pixels, uint8_t* rgb) {
  for (int64_t x = 0; x < pixels; ++x, cmyk += 4, rgb += 3) {
    const int white = cmyk[3];
    for (int c = 0; c < 3; ++c) {
      const int product = (255 - cmyk[c]) * white + 128;
      rgb[c] = static_cast<uint8_t>(white - ((product + (product >> 8)) >> 8));
    }
  }
}

// Narrows what is decoded to the columns of the window and a few more, from *left on. Without those
// the colours of 4:2:0 and 4:2:2 would be made at the window's sides as at the picture's.
void CropColumns(const Window& window, jpeg_decompress_struct* info, JDIMENSION* left) {
  constexpr JDIMENSION kMargin = 4;
  const auto begin = static_cast<JDIMENSION>(window.left);
  const JDIMENSION end = begin + static_cast<JDIMENSION>(window.width);
  *left = begin - std::min(kMargin, begin);
  JDIMENSION width = std::min(end + kMargin, info->output_width) - *left;
  if (width < info->output_width)
    jpeg_crop_scanline(info, left, &width);  // moves *left to the left
}

// Reads the rows of the sink's window. `row` has room for a row of the picture, `rgb` for one of
// the window.
void ReadRows(const RowSink& sink, uint8_t* row, uint8_t* rgb, jpeg_decompress_struct* info) {
  const Window& window = sink.stored();
  const int values = info->output_components;
  JDIMENSION left = 0;
  if (!IsSmoothed(*info)) {
    CropColumns(window, info, &left);
    if (window.top > 0) jpeg_skip_scanlines(info, static_cast<JDIMENSION>(window.top));
  }
  const uint8_t* wanted = row + (window.left - left) * values;
  const int64_t end = window.top + window.height;
  for (int64_t y = info->output_scanline; y < end; ++y) {
    JSAMPROW target = row;
    jpeg_read_scanlines(info, &target, 1);
    if (y < window.top) continue;
    if (values == 4) {
      CmykToRgb(wanted, window.width, rgb);
      sink.Put(y - window.top, rgb, 3);
    } else {
      sink.Put(y - window.top, wanted, values);
    }
  }
  // The end of the file is looked at where everything before it has been read.
  if (info->output_scanline == info->output_height) jpeg_finish_decompress(info);
}

// libjpeg-turbo writes rows that begin at a multiple of 16 or 32 bytes past the cache (movntdq in
// jdcolext-*.asm), as if nobody were to read them soon; here each is read at once, and would have
// to come back from memory. So they begin elsewhere: up to 31 bytes behind `memory`.
uint8_t* KeptInCache(uint8_t* memory) {
  return memory + ((8 - reinterpret_cast<uintptr_t>(memory)) & 31);
}

}  // namespace

Status DecodeJpeg(std::string_view bytes, const ImageHeader& header, const RowSink& sink,
                  std::vector<uint8_t>* rows) {
  const ImageSize stored = StoredSize(header, 4);
  const auto row_bytes = static_cast<size_t>(stored.width * 4);
  rows->resize(std::max(rows->size(), 2 * row_bytes + 32));
  uint8_t* row = KeptInCache(rows->data());
  Jpeg jpeg;
  bool ok = Start(bytes, &jpeg);
  const bool same =
      !ok || (jpeg.info.output_height == stored.height && jpeg.info.output_width == stored.width);
  ok = ok && same && Guarded(&jpeg, [&] { ReadRows(sink, row, row + row_bytes, &jpeg.info); });
  jpeg_destroy_decompress(&jpeg.info);
  if (!same) return DataLoss("the JPEG is not the one that its header was read from");
  return ok ? OkStatus() : Failure(jpeg);
}

}  // namespace lockstep::storage
