// SPDX-License-Identifier: Apache-2.0
// For tests: folders, tar and zip archives of files that a test names, and what becomes of them.
#pragma once

#include <zlib.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "base/check.h"
#include "storage/env/files.h"
#include "storage/env/testing/damaged_files.h"
#include "storage/image/image_encoder.h"
#include "storage/image/testing/jpeg_writer.h"

namespace lockstep::storage {

using FileMap = std::map<std::string, std::string>;  // contents by path

inline void WriteFolder(const std::string& folder, const FileMap& files) {
  CHECK(MakeDirs(folder).ok()) << folder;
  for (const auto& [path, bytes] : files) {
    const std::string full = folder + "/" + path;
    CHECK(MakeDirs(ParentOf(full)).ok()) << full;
    Overwrite(full, bytes);
  }
}

// A member of a tar archive as POSIX 1003.1-1988 (ustar) has it. Type 0 is a file, 2 a symbolic
// link.
inline std::string TarMember(const std::string& path, const std::string& bytes, char type = '0') {
  CHECK_LE(path.size(), size_t{100}) << path;
  std::string head(512, '\0');
  const auto put = [&](size_t at, const std::string& text) { head.replace(at, text.size(), text); };
  std::array<char, 16> size{};
  std::snprintf(size.data(), size.size(), "%011zo", type == '0' ? bytes.size() : size_t{0});
  put(0, path);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, size.data());
  put(136, "00000000000");
  put(148, "        ");
  head[156] = type;
  if (type == '2') put(157, bytes);
  put(257, std::string("ustar\0", 6) + "00");
  unsigned sum = 0;
  for (const char c : head) sum += static_cast<unsigned char>(c);
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%06o", sum);
  put(148, std::string(text.data(), 7) + " ");
  if (type != '0') return head;
  return head + bytes + std::string((512 - bytes.size() % 512) % 512, '\0');
}

inline std::string TarEnd() { return std::string(1024, '\0'); }

inline std::string Tar(const FileMap& files) {
  std::string tar;
  for (const auto& [path, bytes] : files) tar += TarMember(path, bytes);
  return tar + TarEnd();
}

inline std::string Gzip(const std::string& bytes) {
  z_stream stream{};
  CHECK_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(bytes.size() + bytes.size() / 100 + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  CHECK_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// A zip archive whose files are stored (PKWARE's APPNOTE.TXT 4.3).
inline std::string Zip(const FileMap& files) {
  std::string body, directory;
  const auto put = [](std::string* out, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
  };
  for (const auto& [path, bytes] : files) {
    std::string common;
    put(&common, 20, 2);  // version
    put(&common, 0, 2);   // flags
    put(&common, 0, 2);   // stored
    put(&common, 0, 4);   // time
    put(&common,
        ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())),
        4);
    put(&common, bytes.size(), 4);
    put(&common, bytes.size(), 4);
    put(&common, path.size(), 2);
    put(&common, 0, 2);  // extra
    directory += "PK\x01\x02";
    put(&directory, 20, 2);
    directory += common;
    put(&directory, 0, 2 + 2 + 2);
    put(&directory, 0, 4);
    put(&directory, body.size(), 4);
    directory += path;
    body += "PK\x03\x04" + common + path + bytes;
  }
  std::string end = "PK\x05\x06";
  put(&end, 0, 4);
  put(&end, files.size(), 2);
  put(&end, files.size(), 2);
  put(&end, directory.size(), 4);
  put(&end, body.size(), 4);
  put(&end, 0, 2);
  return body + directory + end;
}

// Pixels H W C that differ from seed to seed.
inline std::vector<uint8_t> SomePixels(int64_t height, int64_t width, int64_t channels, int seed) {
  std::vector<uint8_t> pixels(static_cast<size_t>(height * width * channels));
  for (size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = static_cast<uint8_t>((i * 7 + static_cast<size_t>(seed) * 31) % 251);
  }
  return pixels;
}

inline std::string SomeJpeg(int64_t height, int64_t width, int seed = 0) {
  return WriteJpeg(SomePixels(height, width, 3, seed).data(), {height, width, 3}, {});
}

inline std::string SomePng(int64_t height, int64_t width, int seed = 0) {
  const auto png = EncodePng(SomePixels(height, width, 3, seed).data(), {height, width, 3});
  CHECK(png.ok()) << png.status();
  return *png;
}

// A grey PNG, as masks are.
inline std::string GreyPng(int64_t height, int64_t width, const std::vector<uint8_t>& values) {
  CHECK_EQ(static_cast<int64_t>(values.size()), height * width);
  const auto png = EncodePng(values.data(), {height, width, 1});
  CHECK(png.ok()) << png.status();
  return *png;
}

}  // namespace lockstep::storage
