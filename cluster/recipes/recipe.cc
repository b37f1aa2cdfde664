// SPDX-License-Identifier: Apache-2.0
#include "cluster/recipes/recipe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "base/format.h"
#include "base/lookup_path.h"
#include "cluster/recipes/conflicts.h"
#include "cluster/recipes/schema.h"
#include "cluster/recipes/toml_reader.h"

namespace lockstep::cluster {
namespace {

using worker::TrainConfig;

constexpr size_t kMaxProblems = 20;  // reported at once

// Where a key's value came from.
struct Origin {
  std::string position;    // start of an error message: "r.toml:3:9", "argument 'batch.lanes=4'"
  std::string short_name;  // comment in the resolved text: "r.toml:3", "command line"
};

// Printable ASCII only: for comments and for arguments quoted in messages.
std::string Printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return out;
}

// Collects keys and problems from the file and the command line; then makes the configuration.
class RecipeBuilder {
 public:
  explicit RecipeBuilder(std::string name) : name_(std::move(name)) {}

  void AddFile(std::string_view text) {
    auto entries = ReadToml(text, name_);
    if (!entries.ok()) {
      problems_.push_back(entries.status().message());
      return;
    }
    for (const TomlEntry& entry : *entries) {
      const Origin at_key = At(entry.key_position);
      const RecipeKey* key = FindRecipeKey(entry.key);
      if (key == nullptr) {
        ReportUnknown(entry, at_key.position);
      } else {
        Set(*key, entry, At(entry.value_position));
      }
    }
  }

  void AddOverride(const std::string& argument) {
    const Origin origin = {"argument " + Quoted(Printable(argument)), "command line"};
    const size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) {
      problems_.push_back(origin.position + ": expected key=value, for example optimizer.lr=0.05");
      return;
    }
    const std::string name = argument.substr(0, equals);
    const RecipeKey* key = FindRecipeKey(name);
    if (key == nullptr) {
      TomlEntry entry;
      entry.key = name;
      entry.value = KeyValue(argument.substr(equals + 1));
      ReportUnknown(entry, origin.position);
      return;
    }
    if (const auto set = origins_.find(name);
        set != origins_.end() && set->second.short_name == origin.short_name) {
      problems_.push_back(origin.position + ": " + Quoted(name) + " is given twice");
      return;
    }
    const auto entry = ReadOverride(*key, argument.substr(equals + 1));
    if (entry.ok()) {
      Set(*key, *entry, origin);
    } else {
      problems_.push_back(origin.position + ": " + entry.status().message());
    }
  }

  Result<TrainConfig> Build() {
    if (problems_.empty()) FindMissing();
    if (problems_.empty()) {
      for (const Conflict& conflict : FindConflicts(config_)) {
        problems_.push_back(PositionOf(conflict.keys) + ": " + conflict.message);
      }
    }
    if (!problems_.empty()) return InvalidArgument(JoinProblems());
    config_.recipe_hash = RecipeHash(config_);
    config_.fixed_keys = CanonicalRecipeLines(config_, KeyRole::kFixed);
    config_.branch_keys = CanonicalRecipeLines(config_, KeyRole::kBranch);
    config_.unlisted_keys = UnlistedRecipeLines();
    config_.recipe_text = ResolvedText();
    return std::move(config_);
  }

 private:
  Origin At(TomlPosition position) const {
    const std::string line = name_ + ":" + std::to_string(position.line);
    return {line + ":" + std::to_string(position.column), line};
  }

  void Set(const RecipeKey& key, const TomlEntry& entry, Origin origin) {
    if (!entry.value) {
      problems_.push_back(origin.position + ": " + Quoted(key.name) + " is " + entry.other_type +
                          "; expected " + key.Expected());
      return;
    }
    if (entry.other_base && key.type == KeyType::kFloat) {
      problems_.push_back(origin.position + ": " + Quoted(key.name) + " is " +
                          FormatKeyValue(*entry.value) + ", not written as a decimal; expected " +
                          key.Expected() + " in decimals");
      return;
    }
    auto accepted = key.Accept(*entry.value);
    if (!accepted.ok()) {
      problems_.push_back(origin.position + ": " + accepted.status().message());
      return;
    }
    key.set(&config_, *accepted);
    origins_[key.name] = std::move(origin);
  }

  void ReportUnknown(const TomlEntry& entry, const std::string& position) {
    const std::string name = Quoted(Printable(entry.key));
    std::string group_keys;
    for (const RecipeKey& key : RecipeKeys()) {
      if (key.name.rfind(entry.key + ".", 0) != 0) continue;
      group_keys += (group_keys.empty() ? "" : ", ") + key.name;
    }
    if (!group_keys.empty()) {
      // An empty table of a known group says nothing and does no harm.
      if (!entry.value && entry.other_type == "a table") return;
      problems_.push_back(position + ": " + name + " is a group, not a key; its keys are " +
                          group_keys);
    } else if (IsReservedRecipeKey(entry.key)) {
      problems_.push_back(position + ": " + name +
                          " is not in this version of Lockstep, so it would do nothing; remove it");
    } else {
      std::string hint = SuggestRecipeKey(entry.key);
      if (hint.empty()) hint = "; `lockstep train --keys` lists the keys";
      problems_.push_back(position + ": unknown key " + name + hint);
    }
  }

  // The value of key=value as a TOML entry: bare words stand for strings.
  static Result<TomlEntry> ReadOverride(const RecipeKey& key, const std::string& value) {
    std::string toml = value;
    if (key.type == KeyType::kString && value.find_first_of("\"'") != 0) {
      toml = FormatKeyValue(value);
    } else if (key.type == KeyType::kStringList && value.find('[') != 0) {
      std::vector<std::string> words;
      for (size_t at = 0; at < value.size();) {
        const size_t comma = std::min(value.find(',', at), value.size());
        words.push_back(value.substr(at, comma - at));
        at = comma + 1;
      }
      toml = FormatKeyValue(words);
    }
    const bool one_line = toml.find_first_of("\r\n") == std::string::npos;
    auto entries = ReadToml("value = " + toml, "value");
    if (one_line && entries.ok() && entries->size() == 1 && (*entries)[0].key == "value") {
      return (*entries)[0];
    }
    // Not TOML, and not a string key: shown as the word it is.
    return InvalidArgument(Quoted(key.name) + " is " + Printable(FormatKeyValue(value)) +
                           "; expected " + key.Expected());
  }

  void FindMissing() {
    for (const RecipeKey& key : RecipeKeys()) {
      if (!key.required() || origins_.count(key.name) > 0) continue;
      problems_.push_back(name_ + ": " + Quoted(key.name) + " is missing (" + key.doc +
                          "); add for example " + key.name + " = \"" + key.example + "\"");
    }
  }

  std::string PositionOf(const std::vector<std::string>& keys) const {
    for (const std::string& key : keys) {
      if (const auto found = origins_.find(key); found != origins_.end()) {
        return found->second.position;
      }
    }
    return name_;
  }

  std::string JoinProblems() const {
    std::string text;
    for (size_t i = 0; i < problems_.size() && i < kMaxProblems; ++i) {
      text += (i > 0 ? "\n" : "") + problems_[i];
    }
    if (problems_.size() > kMaxProblems) {
      text += "\n... and " + std::to_string(problems_.size() - kMaxProblems) + " more";
    }
    return text;
  }

  std::string ResolvedText() const {
    std::string text =
        "# A resolved Lockstep recipe: every key, its value, and where that came from.\n";
    std::string group;
    for (const RecipeKey& key : RecipeKeys()) {
      const std::string key_group = key.name.substr(0, key.name.find('.'));
      if (key_group != group) text += "\n";
      group = key_group;
      const auto origin = origins_.find(key.name);
      const std::string from = origin == origins_.end() ? "default" : origin->second.short_name;
      text += key.name + " = " + FormatKeyValue(key.get(config_)) + "  # " + Printable(from) + "\n";
    }
    return text;
  }

  const std::string name_;
  TrainConfig config_;
  std::map<std::string, Origin> origins_;  // of keys that were given
  std::vector<std::string> problems_;      // one line each
};

// The whole file, at most a byte more than a recipe may have.
Result<std::string> ReadRecipeFile(const std::string& path) {
  const std::string what = "cannot read the recipe '" + path + "'";
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) {
    const Status status = ErrnoStatus("cannot read the recipe " + LookupPathText(path), errno);
    return Status(status.code(),
                  status.message() + "; recipes to begin with are in cluster/recipes");
  }
  if (!S_ISREG(info.st_mode)) {
    return InvalidArgument(what + ": it is " + (S_ISDIR(info.st_mode) ? "a directory" : "no file") +
                           "; expected a TOML file");
  }
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return ErrnoStatus(what, errno);
  std::string text(kMaxRecipeBytes + 1, '\0');
  size_t size = 0;
  ssize_t count = 1;
  while (size < text.size() && count > 0) {
    count = ::read(file, text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) {
      count = 1;
    } else if (count > 0) {
      size += static_cast<size_t>(count);
    }
  }
  const int read_errno = errno;
  ::close(file);
  if (count < 0) return ErrnoStatus(what, read_errno);
  text.resize(size);
  return text;
}

}  // namespace

Result<TrainConfig> ParseRecipe(std::string_view text, const std::string& name,
                                const std::vector<std::string>& overrides) {
  RecipeBuilder builder(name);
  builder.AddFile(text);
  for (const std::string& argument : overrides) builder.AddOverride(argument);
  return builder.Build();
}

Result<TrainConfig> LoadRecipe(const std::string& path, const std::vector<std::string>& overrides) {
  ASSIGN_OR_RETURN(const std::string text, ReadRecipeFile(path));
  return ParseRecipe(text, path, overrides);
}

}  // namespace lockstep::cluster
