// SPDX-License-Identifier: Apache-2.0
// For tests only: what the archives of storage/source/testdata hold.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "storage/env/testing/scratch_directory.h"
#include "storage/source/byte_input.h"
#include "storage/source/source_files.h"

namespace lockstep::storage {

inline constexpr char kTestData[] = LOCKSTEP_SOURCE_DIR "/storage/source/testdata/";
using Contents = std::map<std::string, std::string>;  // by path

// What make_archives.py packs.
inline Contents Packed() {
  std::string big;
  for (int i = 0; i < 3000; ++i) big += static_cast<char>((i * i >> 4) & 255);
  std::string folder = "val/", name;
  for (int i = 0; i < 20; ++i) folder += "long", name += "name";
  return {{"train/cat/1.jpg", "one"},
          {"train/cat-big/2.jpg", big},
          {"train/dog/a\xcc\x88"
           "e\xcc\x81.jpg",
           "decomposed"},
          {"train/dog/\xc3\xa4\xc3\xa9.jpg", "composed"},
          {folder + "/" + name + ".jpg", "long"},
          {"empty.txt", ""}};
}

inline Result<std::unique_ptr<SourceFiles>> OpenIn(const ScratchDirectory& scratch,
                                                   const std::string& path) {
  SourceOptions options;
  options.path = path;
  options.spool = scratch / "spool";
  return SourceFiles::Open(options);
}

// What comes of a file piece by piece.
inline Result<std::string> Streamed(const SourceFiles& source, size_t index) {
  ASSIGN_OR_RETURN(const auto input, source.Stream(index));
  std::string bytes;
  for (;;) {
    ASSIGN_OR_RETURN(const std::string_view piece, input->Next());
    if (piece.empty()) return bytes;
    bytes += piece;
  }
}

}  // namespace lockstep::storage
