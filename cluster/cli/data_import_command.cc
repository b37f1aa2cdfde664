// SPDX-License-Identifier: Apache-2.0
// `lockstep data import`.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/cli/data_commands.h"
#include "cluster/cli/progress.h"
#include "storage/import/import.h"
#include "storage/importers/importer.h"
#include "worker/model/memory_report.h"

namespace lockstep::cluster {
namespace {

struct DataImportOptions {
  std::string source;  // kind: "fashion-mnist"
  std::string path;
  std::optional<std::string> out;
  std::map<std::string, std::optional<std::string>> of_kind;  // by the name of the option
  int threads = 0;                                            // 0: all cores
  int64_t shard_size = 256;
  bool grey = false;
  bool check = false;
  bool replace = false;
};

// `lockstep data import ... --out data/x.ldb` in an empty directory makes `data` too, and removes
// it again where the import fails.
class ParentsOf {
 public:
  explicit ParentsOf(const std::string& path) {
    std::filesystem::path normal = std::filesystem::path(path).lexically_normal();
    if (!normal.has_filename()) normal = normal.parent_path();  // "x.ldb/"
    parent_ = normal.parent_path();
  }
  ~ParentsOf() {
    std::error_code ignored;  // what is not empty stays
    for (const std::filesystem::path& folder : made_) std::filesystem::remove(folder, ignored);
  }
  ParentsOf(const ParentsOf&) = delete;
  ParentsOf& operator=(const ParentsOf&) = delete;

  Status Make() {
    std::error_code error;
    for (auto at = parent_; !at.empty() && !std::filesystem::exists(at, error);
         at = at.parent_path()) {
      made_.push_back(at);
    }
    if (!parent_.empty()) std::filesystem::create_directories(parent_, error);
    if (!error) return OkStatus();
    return ErrnoStatus("cannot make the directory '" + parent_.string() + "'", error.value());
  }
  void Keep() { made_.clear(); }

 private:
  std::filesystem::path parent_;
  std::vector<std::filesystem::path> made_;  // innermost first
};

// "val_share" as the command line has it: "--val-share".
std::string FlagOf(const std::string& option) {
  std::string flag = "--" + option;
  for (char& c : flag) c = c == '_' ? '-' : c;
  return flag;
}

// The options that were given, as values of the kind's list.
Result<Attrs> OptionsOfKind(const DataImportOptions& options) {
  Attrs given;
  for (const storage::ImporterKind& kind : storage::ImporterKinds()) {
    if (kind.name != options.source) continue;
    for (const auto& [name, text] : options.of_kind) {
      if (!text) continue;
      const Option* option = kind.options.Find(name);
      if (option == nullptr) {
        return InvalidArgument("a source of kind '" + kind.name + "' has no option " +
                               FlagOf(name));
      }
      ASSIGN_OR_RETURN(AttrValue value, option->Parse(*text, FlagOf(name)));
      given.Set(name, std::move(value));
    }
  }
  return given;
}

// What is counted in a part of the work.
const char* UnitOf(std::string_view part) {
  if (part == "reading the archive") return "bytes";
  return part == "listing" || part == "reading annotations" ? "files" : "samples";
}

// One line of progress for each part of the work.
class ImportProgress {
 public:
  explicit ImportProgress(Console* console) : console_(console) {}

  void Update(std::string_view what, int64_t done, int64_t total) {
    const TimePoint now = console_->clock->Now();
    if (progress_ == nullptr || what != what_) {
      what_ = what;
      began_ = now;
      progress_ = std::make_unique<Progress>(console_, "import: " + what_, UnitOf(what_));
    }
    const double seconds = std::chrono::duration<double>(now - began_).count();
    const auto rate = seconds > 1 ? static_cast<int64_t>(static_cast<double>(done) / seconds) : 0;
    progress_->Update(done, total, rate > 0 ? CountText(rate) + "/s" : "");
  }
  void End() { progress_ = nullptr; }

 private:
  Console* console_;
  std::string what_;
  TimePoint began_;
  std::unique_ptr<Progress> progress_;
};

void PrintLeftOut(const storage::ImportReport& report, Console* console) {
  constexpr size_t kMostShown = 5;
  for (const std::string& warning : report.warnings) {
    console->err << "lockstep: warning: " << warning << "\n";
  }
  for (const auto& [reason, count] : report.info.rejected_for) {
    console->err << "lockstep: warning: left out " << CountText(count) << " for: " << reason
                 << "\n";
  }
  for (size_t i = 0; i < report.info.rejected.size() && i < kMostShown; ++i) {
    console->err << "lockstep: warning: left out " << report.info.rejected[i] << "\n";
  }
  if (report.info.rejected.size() > kMostShown) {
    console->err << "lockstep: warning: `lockstep data info` lists the others\n";
  }
}

// Where the dataset goes; with --check, where an archive may be unpacked for a while.
Result<std::string> PlaceOf(const DataImportOptions& options) {
  if (options.out) return *options.out;
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (!error) return folder.string() + "/lockstep";
  return InvalidArgument(
      "--check unpacks archives in the folder for temporary files, and the environment variable "
      "TMPDIR names none (" +
      error.message() + "); set TMPDIR to a folder, or unset it for /tmp");
}

Status RunDataImport(const DataImportOptions& options, Console* console) {
  if (options.out.has_value() == options.check) {
    return InvalidArgument(options.check
                               ? "--check writes nothing; leave out --out, or --check"
                               : "--out is required: the directory of the dataset to make (or "
                                 "--check, to read the source and write nothing); see `lockstep "
                                 "data import --help`");
  }
  storage::ImportOptions job;
  ASSIGN_OR_RETURN(job.options, OptionsOfKind(options));
  ParentsOf parents(options.out.value_or(""));
  if (!options.check) RETURN_IF_ERROR(parents.Make());
  ImportProgress progress(console);
  job.kind = options.source;
  job.path = options.path;
  ASSIGN_OR_RETURN(job.out, PlaceOf(options));
  job.threads = options.threads;
  job.shard_size = options.shard_size;
  job.channels = options.grey ? 1 : 3;
  job.check_only = options.check;
  job.replace = options.replace;
  job.progress = [&](std::string_view what, int64_t done, int64_t total) {
    progress.Update(what, done, total);
  };
  job.disk = [&](int64_t needed, int64_t available) {
    console->err << "The dataset needs about " << worker::BytesText(needed) << " of disk; "
                 << worker::BytesText(available) << " are free.\n";
  };
  job.stop = console->stop;
  const auto imported = storage::ImportDataset(job);
  progress.End();
  if (imported.status().code() == StatusCode::kCancelled) {
    return Cancelled(options.check ? "stopped on request before the source was read to its end"
                                   : "stopped on request; nothing of the import is kept at '" +
                                         *options.out + "'");
  }
  ASSIGN_OR_RETURN(const storage::ImportReport report, imported);
  parents.Keep();
  PrintLeftOut(report, console);
  if (options.check) {
    console->out << "samples   " << CountText(report.info.samples()) << " can be imported\n";
    for (const storage::SplitInfo& split : report.info.splits) {
      console->out << "split     " << split.name << ": " << CountText(split.count) << "\n";
    }
    console->out << "classes   " << report.info.classes().size() << "\n";
    return OkStatus();
  }
  console->err << "import: " << CountText(report.info.samples()) << " samples, "
               << CountText(report.bytes) << " bytes in " << CountText(report.files) << " files\n";
  console->out << "dataset   " << report.directory << "\n"
               << "digest    " << report.info.digest.ToHex() << "\n"
               << "Look at it: lockstep data info " << report.directory << "\n";
  return OkStatus();
}

// Every option of every kind, once: "imagefolder: what it means there; csv, voc: what it means
// in these".
void AddOptionsOfKinds(DataImportOptions* o, Command* command) {
  struct Meaning {
    std::string kinds, doc;
  };
  std::map<std::string, std::vector<Meaning>> options;
  for (const storage::ImporterKind& kind : storage::ImporterKinds()) {
    for (const Option& option : kind.options.options()) {
      std::vector<Meaning>& meanings = options[option.name];
      const auto same = std::find_if(meanings.begin(), meanings.end(), [&](const Meaning& meaning) {
        return meaning.doc == option.spec.doc;
      });
      if (same == meanings.end()) {
        meanings.push_back({kind.name, option.spec.doc});
      } else {
        same->kinds += ", " + kind.name;
      }
    }
  }
  for (const auto& [name, meanings] : options) {
    std::string text;
    for (const Meaning& meaning : meanings) {
      text += (text.empty() ? "" : "; ") + meaning.kinds + ": " + meaning.doc;
    }
    command->options.push_back({FlagOf(name), &o->of_kind[name], text});
  }
}

}  // namespace

Command DataImportCommand() {
  const auto o = std::make_shared<DataImportOptions>();
  std::string kinds;
  for (const storage::ImporterKind& kind : storage::ImporterKinds()) {
    kinds += "\n  " + kind.name + ": " + kind.summary;
  }
  Command command = {
      .name = "import",
      .description = R"(Make a dataset from its source.

Examples:
  lockstep data import imagefolder ~/flowers --check
  lockstep data import imagefolder ~/flowers --out data/flowers.ldb --val-share 0.1
  lockstep data import imagefolder ~/imagenet.tar --out data/imagenet.ldb
  lockstep data import csv ~/birds --table labels.csv --out data/birds.ldb
  lockstep data import segmentation-folder ~/streets.zip --out data/streets.ldb
  lockstep data import voc ~/VOCdevkit/VOC2007 --out data/voc.ldb
  lockstep data import fashion-mnist /usr/share/datasets/fashion-mnist --out data/fashion-mnist.ldb
)",
      .options =
          {{"SOURCE", &o->source, "What kind of source it is, see below", {.required = true}},
           {"PATH", &o->path, "Where the source is", {.required = true}},
           {"--out", &o->out, "Directory of the dataset to make"},
           {"--check", &o->check, "Read the source, say what would be imported, write nothing"},
           {"--threads", &o->threads, "Threads; 0: one a core", {.range = IntegerRange{0, 1024}}},
           {"--shard-size",
            &o->shard_size,
            "Consecutive samples a shard",
            {.shows_default = true, .range = IntegerRange{1, 1 << 20}}},
           {"--grey", &o->grey,
            "Make grey images of JPEG and PNG files; without it they are red, green and blue"},
           {"--replace", &o->replace, "Replace the dataset at --out once the new one is complete"}},
      .run = [o](Console* console) { return RunDataImport(*o, console); },
      .footer = "Sources:" + kinds +
                "\n\nPhotographs stay the JPEG and PNG files that they are. Every one is decoded "
                "before the dataset is\nwritten; what cannot be is left out, and the reasons are "
                "told. docs/datasets.md says for each\nkind of source what it must look like.",
      .at_stop = "removing what was imported so far"};
  AddOptionsOfKinds(o.get(), &command);
  return command;
}

}  // namespace lockstep::cluster
