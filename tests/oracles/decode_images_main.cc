// SPDX-License-Identifier: Apache-2.0
// decode_images: writes and reads images for check_images.py, which says what must come out.
//
//   decode_images encode OUT.jpg PIXELS HEIGHT WIDTH CHANNELS H V FLAGS
//       PIXELS holds H W C bytes; H and V are the sampling; FLAGS are letters of "prsoyR":
//       progressive, restart markers, a scan for each component, one scan alone, YCCK, RGB
//       components.
//   decode_images decode LIST
//       LIST names a file in each line; FILE.rgb and FILE.grey become the pixels of the whole, and
//       FILE.window the RGB pixels of the middle half.
// A failure is a line on standard error and the exit code 1.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "storage/image/image_decoder.h"
#include "storage/image/testing/jpeg_writer.h"

namespace lockstep::storage {
namespace {

std::string Bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  CHECK(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

void Write(const std::string& path, const char* data, size_t bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(data, static_cast<std::streamsize>(bytes));
  CHECK(file.good()) << path;
}

void Encode(char** arguments) {
  const std::string pixels = Bytes(arguments[1]), flags = arguments[7];
  const auto has = [&](char flag) { return flags.find(flag) != std::string::npos; };
  const ImageSize size = {std::atoi(arguments[2]), std::atoi(arguments[3]),
                          std::atoi(arguments[4])};
  CHECK_EQ(static_cast<size_t>(size.bytes()), pixels.size());
  JpegKind kind;
  kind.horizontal = std::atoi(arguments[5]);
  kind.vertical = std::atoi(arguments[6]);
  kind.progressive = has('p') || has('o');
  kind.restart_blocks = has('r') ? 3 : 0;
  kind.own_scans = has('s');
  kind.one_scan = has('o');
  kind.ycck = has('y');
  kind.rgb = has('R');
  const std::string file = WriteJpeg(reinterpret_cast<const uint8_t*>(pixels.data()), size, kind);
  Write(arguments[0], file.data(), file.size());
}

Status DecodeFile(const std::string& path, ImageDecoder* decoder) {
  const std::string bytes = Bytes(path);
  ASSIGN_OR_RETURN(const ImageHeader header, ReadImageHeader(bytes));
  const int64_t height = header.height, width = header.width;
  const Window whole = {0, 0, height, width};
  const Window middle = {height / 4, width / 4, (height + 1) / 2, (width + 1) / 2};
  const auto write = [&](const Window& window, int64_t channels, const char* suffix) -> Status {
    std::vector<uint8_t> out(static_cast<size_t>(window.height * window.width * channels));
    RETURN_IF_ERROR(decoder->Decode(bytes, header, channels, window, out.data()));
    Write(path + suffix, reinterpret_cast<const char*>(out.data()), out.size());
    return {};
  };
  RETURN_IF_ERROR(write(whole, 3, ".rgb"));
  RETURN_IF_ERROR(write(whole, 1, ".grey"));
  return write(middle, 3, ".window");
}

int DecodeAll(const std::string& list) {
  ImageDecoder decoder;
  std::ifstream names(list);
  int code = 0;
  for (std::string path; std::getline(names, path);) {
    if (const Status status = DecodeFile(path, &decoder); !status.ok()) {
      std::fprintf(stderr, "%s: %s\n", path.c_str(), status.ToString().c_str());
      code = 1;
    }
  }
  return code;
}

}  // namespace
}  // namespace lockstep::storage

int main(int count, char** arguments) {
  const std::string command = count > 1 ? arguments[1] : "";
  if (command == "encode" && count == 10) {
    lockstep::storage::Encode(arguments + 2);
    return 0;
  }
  if (command == "decode" && count == 3) return lockstep::storage::DecodeAll(arguments[2]);
  std::fprintf(stderr, "the head of decode_images_main.cc says how to call this\n");
  return 2;
}
