// SPDX-License-Identifier: Apache-2.0
#include "storage/image/image_encoder.h"

#include <png.h>

#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "storage/image/header_parsers.h"

namespace lockstep::storage {
namespace {

// Bytes that grow. Not a std::string: libpng's errors jump over the function that appends.
struct Bytes {
  char* data = nullptr;
  size_t size = 0;
  size_t capacity = 0;
  std::jmp_buf jump;
  char message[160] = {};
  ~Bytes() { std::free(data); }
};

[[noreturn]] void Fail(png_structp writer, png_const_charp message) {
  auto* bytes = static_cast<Bytes*>(png_get_error_ptr(writer));
  std::strncpy(bytes->message, message, sizeof(bytes->message) - 1);
  std::longjmp(bytes->jump, 1);
}

void PassOver(png_structp, png_const_charp) {}

void Append(png_structp writer, png_bytep data, size_t size) {
  auto* bytes = static_cast<Bytes*>(png_get_io_ptr(writer));
  if (size > bytes->capacity - bytes->size) {
    const size_t capacity = 2 * bytes->capacity + size;
    void* grown = std::realloc(bytes->data, capacity);
    if (grown == nullptr) png_error(writer, "no memory");
    bytes->data = static_cast<char*>(grown);
    bytes->capacity = capacity;
  }
  std::memcpy(bytes->data + bytes->size, data, size);
  bytes->size += size;
}

void Flush(png_structp) {}

bool Write(const uint8_t* pixels, const ImageSize& size, png_structp writer, png_infop info,
           Bytes* bytes) {
  if (setjmp(bytes->jump) != 0) return false;
  png_set_write_fn(writer, bytes, Append, Flush);
  png_set_IHDR(writer, info, static_cast<png_uint_32>(size.width),
               static_cast<png_uint_32>(size.height), 8,
               size.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_BASE, PNG_FILTER_TYPE_BASE);
  png_write_info(writer, info);
  for (int64_t y = 0; y < size.height; ++y) {
    png_write_row(writer, pixels + y * size.width * size.channels);
  }
  png_write_end(writer, info);
  return true;
}

}  // namespace

Result<std::string> EncodePng(const uint8_t* pixels, const ImageSize& size) {
  if (size.channels != 1 && size.channels != 3) {
    return InvalidArgument("an image of " + std::to_string(size.channels) +
                           " channels cannot be written as PNG; it must have 1 or 3");
  }
  if (const Status status = CheckPngSize(size.height, size.width); !status.ok()) {
    return InvalidArgument("an image of " + size.ToString() +
                           " cannot be written as PNG: " + status.message());
  }
  Bytes bytes;
  png_structp writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, &bytes, Fail, PassOver);
  png_infop info = writer == nullptr ? nullptr : png_create_info_struct(writer);
  const bool ok = info != nullptr && Write(pixels, size, writer, info, &bytes);
  png_destroy_write_struct(&writer, &info);
  if (!ok) {
    return ResourceExhausted("cannot write a PNG of " + size.ToString() +
                             " (libpng: " + (info == nullptr ? "no memory" : bytes.message) + ")");
  }
  return std::string(bytes.data, bytes.size);
}

}  // namespace lockstep::storage
