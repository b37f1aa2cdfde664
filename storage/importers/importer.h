// SPDX-License-Identifier: Apache-2.0
// Importer: a source of samples in some format, listed and ready to be read. Each format has a
// folder of its own; importers.cc lists them. An importer hands over values as they came (a JPEG
// stays a JPEG); whether they can be decoded is found out by the import, for all formats alike.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/options/option.h"
#include "base/sample/schema.h"
#include "base/status.h"
#include "storage/dataset/field_value.h"
#include "storage/dataset/writer.h"
#include "storage/source/source_files.h"

namespace lockstep::storage {

class Importer {
 public:
  virtual ~Importer() = default;
  // `most` of its fields may be left 0: the import fills it in from the samples that it accepts.
  virtual const Schema& schema() const = 0;
  // Every sample that the source lists: splits in bytewise name order, the paths of each too.
  virtual const std::vector<SplitListing>& splits() const = 0;
  // What the source has and no sample is made of.
  virtual const std::vector<RejectedFile>& rejected() const = 0;
  // Hands the listing over; `splits` is empty from then on. Read works as before.
  virtual std::vector<SplitListing> TakeSplits() = 0;
  // What a person should know of the source, one line each. The import asks once every sample has
  // been read, so that it may tell what was found in those that are `accepted`; the order of
  // reading shows in nothing. To be asked before TakeSplits.
  using IsAccepted = std::function<bool(size_t split, size_t index)>;
  virtual std::vector<std::string> warnings(const IsAccepted& accepted) const = 0;
  // Of all values together; 0 where that is not known before they are read.
  virtual int64_t bytes() const = 0;
  // The values of the sample at splits()[split].paths[index], in the schema's order. Any thread may
  // call it. Data-loss: the sample is not what it should be, and is left out of the dataset; any
  // other failure ends the import. The dimensions of an encoded image may be left empty.
  virtual Result<std::vector<FieldValue>> Read(size_t split, size_t index) const = 0;
};

// What a source is opened with.
struct ImportSource {
  std::string path;
  Attrs options;      // of the kind, complete
  std::string spool;  // a file that may be made, and is then removed, to lay contents down in
  std::shared_ptr<OpenFile> common_spool;   // SourceOptions::common_spool; may be null
  int threads = 1;                          // that may list a folder
  const std::atomic<bool>* stop = nullptr;  // set: opening ends as cancelled; may be null
  // Is told what is done ("reading the archive"), how far it is and how much there is to do. May be
  // empty.
  std::function<void(std::string_view what, int64_t done, int64_t total)> progress;
};

struct ImporterKind {
  std::string name;     // SOURCE of `lockstep data import SOURCE PATH`
  std::string summary;  // one line: what PATH must be
  OptionList options;   // what a person may say of such a source
  // Whether the names at `path` look like this kind; reads no contents.
  std::function<bool(const std::string& path)> detect;
  // Lists the source. Errors name the file, what was found and what was expected.
  std::function<Result<std::unique_ptr<Importer>>(const ImportSource& source)> open;
};

// Every kind, in the order in which help lists them.
const std::vector<ImporterKind>& ImporterKinds();

// Opens a source as kind `name`, with `source.options` as far as a person gave them. An unknown
// name gets a suggestion; where a path is no source of this kind but looks like another, the
// message says so.
Result<std::unique_ptr<Importer>> OpenSource(std::string_view name, ImportSource source);

}  // namespace lockstep::storage
