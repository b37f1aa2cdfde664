// SPDX-License-Identifier: Apache-2.0
// read_voc: reads Pascal VOC annotations for check_voc.py, which says what must come out.
//
//   read_voc FILE...
//
// Of each file a line: "error", or height, width, the number of empty boxes and of objects; then a
// line for each object: its name in hexadecimal, x1 y1 x2 y2, and 1 where it is difficult.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "base/check.h"
#include "storage/importers/voc/voc_annotation.h"

namespace lockstep::storage {
namespace {

void Print(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  CHECK(file.good()) << path;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const Result<VocAnnotation> read = ParseVoc(text);
  if (!read.ok()) {
    CHECK(read.status().code() == StatusCode::kDataLoss) << read.status();
    std::puts("error");
    return;
  }
  std::printf("%lld %lld %lld %zu\n", static_cast<long long>(read->height),
              static_cast<long long>(read->width), static_cast<long long>(read->empty),
              read->objects.size());
  for (const VocObject& object : read->objects) {
    for (const char c : object.name) std::printf("%02x", static_cast<unsigned char>(c));
    std::printf(" %.9g %.9g %.9g %.9g %d\n", static_cast<double>(object.x1),
                static_cast<double>(object.y1), static_cast<double>(object.x2),
                static_cast<double>(object.y2), object.difficult ? 1 : 0);
  }
}

}  // namespace
}  // namespace lockstep::storage

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) lockstep::storage::Print(argv[i]);
  return 0;
}
