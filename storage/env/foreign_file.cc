// SPDX-License-Identifier: Apache-2.0
#include "storage/env/foreign_file.h"

#include <algorithm>

#include "base/lower_case.h"

namespace lockstep::storage {
namespace {

using namespace std::string_view_literals;

constexpr char kFromPython[] =
    "; write its tensors with safetensors.torch.save_file in Python (docs/weights.md)";
constexpr char kFromPyTorch[] = "; convert it with docs/pth_to_safetensors.py (docs/weights.md)";

struct Beginning {
  std::string_view bytes;
  std::string_view what;
  std::string_view remedy;
};

constexpr Beginning kBeginnings[] = {
    {"PK\x03\x04"sv, "a zip archive, as PyTorch writes .pt and .pth files", kFromPyTorch},
    {"version https://git-lfs.github.com/spec/"sv, "a git-lfs pointer, not the file itself",
     "; fetch that with `git lfs pull`"},
    {"\x89HDF\r\n\x1a\n"sv, "an HDF5 file, as Keras writes", kFromPython},
    {"\x93NUMPY"sv, "a NumPy array", kFromPython},
    {"GGUF"sv, "a GGUF file", kFromPython},
    {"\x1f\x8b"sv, "a gzip file", "; unpack it first"},
    {"BZh"sv, "a bzip2 file", "; unpack it first"},
    {"\xfd"
     "7zXZ\0"sv,
     "an xz file", "; unpack it first"},
    {"\x28\xb5\x2f\xfd"sv, "a zstd file", "; unpack it first"},
    {"\x89PNG\r\n\x1a\n"sv, "a PNG image", ""},
    {"\xff\xd8\xff"sv, "a JPEG image", ""},
};

// Protocols 2 to 5 of Python's pickle begin with their number, and PyTorch's older files with one
// of protocol 2.
bool IsPickle(std::string_view bytes) {
  return bytes.size() > 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5;
}

bool IsTar(std::string_view bytes) { return bytes.size() > 262 && bytes.substr(257, 5) == "ustar"; }

// What a server sends in place of a file that it does not have.
bool IsPage(std::string_view bytes) {
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  bytes.remove_prefix(std::min(bytes.find_first_not_of(" \t\r\n"), bytes.size()));
  const std::string start = LowerCase(std::string(bytes.substr(0, 16)));
  return start.starts_with("<!doctype") || start.starts_with("<html") ||
         start.starts_with("<head") || start.starts_with("<?xml") || start.starts_with("<!--");
}

}  // namespace

std::string ForeignFileText(std::string_view bytes) {
  for (const Beginning& b : kBeginnings) {
    if (bytes.starts_with(b.bytes)) return std::string(b.what) + std::string(b.remedy);
  }
  if (IsPickle(bytes)) {
    return std::string("a Python pickle, as PyTorch wrote .pt and .pth files before 1.6") +
           kFromPyTorch;
  }
  if (IsTar(bytes)) return "a tar archive; unpack it first";
  if (IsPage(bytes)) {
    return "an HTML or XML page, what a server sends in place of a file; open its address in a "
           "browser to see why, and download the file again";
  }
  return "";
}

}  // namespace lockstep::storage
