// SPDX-License-Identifier: Apache-2.0
// Names what is no JPEG and no PNG: an importer's user sees at once that a download failed or that
// a folder holds something else.
#include <algorithm>
#include <cstdio>
#include <iterator>

#include "storage/image/header_parsers.h"

namespace lockstep::storage {
namespace {

struct Signature {
  size_t at;
  std::string_view bytes;
  std::string_view name;  // "a GIF"
};

using namespace std::string_view_literals;

// Formats of images, which a converter makes into PNG. The first that fits counts.
constexpr Signature kImages[] = {
    {0, "GIF8", "a GIF"},
    {8, "WEBP", "a WebP image"},
    {0, "BM", "a BMP image"},
    {0, "II*\0"sv, "a TIFF image"},
    {0, "MM\0*"sv, "a TIFF image"},
    {4, "ftypavi", "an AVIF image"},
    {4, "ftyphei", "a HEIC image"},
    {4, "ftyphev", "a HEIC image"},
    {4, "ftypmif1", "a HEIC or AVIF image"},
    {4, "ftypmsf1", "a HEIC or AVIF image"},
    {0, "\0\0\0\x0cjP  "sv, "a JPEG 2000 image"},
    {0, "\xff\x4f\xff\x51", "a JPEG 2000 image"},
    {0, "\0\0\0\x0cJXL "sv, "a JPEG XL image"},
    {0, "\xff\x0a", "a JPEG XL image"},
    {0, "8BPS", "a Photoshop file"},
};

constexpr Signature kContainers[] = {
    {0, "\x1f\x8b", "gzip data"},     {0, "PK\x03\x04", "a zip archive"},
    {257, "ustar", "a tar archive"},  {0, "%PDF", "a PDF document"},
    {0, "\x93NUMPY", "a NumPy file"},
};

const Signature* Find(const Signature* begin, const Signature* end, std::string_view bytes) {
  const auto* found = std::find_if(begin, end, [bytes](const Signature& signature) {
    return bytes.size() >= signature.at && bytes.substr(signature.at).starts_with(signature.bytes);
  });
  return found == end ? nullptr : found;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool IsHtml(std::string_view bytes) {
  const size_t start = bytes.find_first_not_of(" \t\r\n");
  if (start == bytes.npos) return false;
  std::string head(bytes.substr(start, 16));
  std::transform(head.begin(), head.end(), head.begin(), Lower);
  return head.starts_with("<!doctype html") || head.starts_with("<html") ||
         head.starts_with("<head");
}

// Bytes of 7-bit text, or of UTF-8 beyond it.
bool IsText(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return byte >= 0x80 ? byte < 0xf8 : (byte >= 0x20 && byte != 0x7f) || (byte >= 9 && byte <= 13);
  });
}

std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) {
    char digits[4];
    std::snprintf(digits, sizeof(digits), " %02x", static_cast<unsigned>(static_cast<uint8_t>(c)));
    text += digits;
  }
  return text;
}

}  // namespace

std::string DescribeForeignBytes(std::string_view bytes) {
  constexpr std::string_view kExpected = ", and a JPEG or PNG file was expected. ";
  const auto says = [&](std::string_view what, std::string_view remedy) {
    return "this is " + std::string(what) + std::string(kExpected) + std::string(remedy);
  };
  if (bytes.empty()) return "the file is empty (0 bytes). Fetch it again or leave it out";
  if (IsHtml(bytes)) {
    return says("an HTML page", "A download that failed often leaves one: fetch it again");
  }
  if (bytes.starts_with("version https://git-lfs")) {
    return says("a git-lfs pointer, not the file it stands for", "Run 'git lfs pull'");
  }
  if (const auto* found = Find(std::begin(kImages), std::end(kImages), bytes); found != nullptr) {
    return says(found->name, "Convert it to PNG or leave it out");
  }
  if (const auto* found = Find(std::begin(kContainers), std::end(kContainers), bytes);
      found != nullptr) {
    return says(found->name, "Unpack or convert it, or leave it out");
  }
  const std::string_view head = bytes.substr(0, 512);
  if (std::all_of(head.begin(), head.end(), [](char c) { return c == 0; })) {
    return says("a file of zero bytes", "A copy that was interrupted leaves one: fetch it again");
  }
  if (IsText(head)) return says("plain text", "Leave it out, or fetch the image again");
  return says("something else that begins with the bytes" + Hex(bytes.substr(0, 8)),
              "Fetch it again, convert it to PNG or leave it out");
}

}  // namespace lockstep::storage
