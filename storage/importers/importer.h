// SPDX-License-Identifier: Apache-2.0
// Importer: a source of samples in some format, listed and ready to decode. Each format has a
// folder of its own; importers.cc lists them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/status.h"
#include "storage/dataset/writer.h"

namespace lockstep::storage {

class Importer {
 public:
  virtual ~Importer() = default;
  virtual const std::vector<std::string>& classes() const = 0;
  // The accepted listing: every sample in it decodes, and splits and paths are in bytewise order.
  virtual const std::vector<SplitListing>& splits() const = 0;
  virtual const std::vector<std::string>& rejected() const = 0;  // paths that do not decode
  virtual Hash128Value fingerprint() const = 0;                  // of the source's contents
  // The sample at splits()[split].paths[index]. Any thread may call it.
  virtual Result<SourceSample> Decode(size_t split, size_t index) const = 0;
};

struct ImporterKind {
  std::string name;     // SOURCE of `lockstep data import SOURCE PATH`
  std::string summary;  // one line: what PATH must be
  // Whether the names at `path` look like this kind; reads no contents.
  std::function<bool(const std::string& path)> detect;
  // Lists the source. Errors name the file, what was found and what was expected; cancelled once
  // `stop` (may be null) is set.
  std::function<Result<std::unique_ptr<Importer>>(const std::string& path,
                                                  const std::atomic<bool>* stop)>
      open;
};

// Every kind, in the order in which help lists them.
const std::vector<ImporterKind>& ImporterKinds();

// Opens `path` as kind `name`. An unknown name gets a suggestion; where a path is no source of
// this kind but looks like another, the message says so.
Result<std::unique_ptr<Importer>> OpenSource(std::string_view name, const std::string& path,
                                             const std::atomic<bool>* stop = nullptr);

}  // namespace lockstep::storage
