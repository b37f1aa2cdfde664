// SPDX-License-Identifier: Apache-2.0
#include "cluster/recipes/recipe.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "base/format.h"
#include "base/lookup_path.h"
#include "cluster/recipes/conflicts.h"
#include "cluster/recipes/part_lists.h"
#include "cluster/recipes/schema.h"
#include "cluster/recipes/toml_reader.h"

namespace lockstep::cluster {
namespace {

using worker::TrainConfig;

constexpr size_t kMaxProblems = 20;  // reported at once
constexpr std::string_view kInclude = "include";

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

// A key and its value, as a file or the command line gives them.
struct Given {
  TomlEntry entry;
  std::string key_position;
  Origin origin;        // of the value
  std::string problem;  // not empty: why it cannot be read
};

// Collects keys and problems from the file and the command line; then makes the configuration.
class RecipeBuilder {
 public:
  // `is_file`: `name` is where the recipe lies, so it may include another.
  RecipeBuilder(std::string name, bool is_file) : name_(std::move(name)), is_file_(is_file) {}

  void AddFile(std::string_view text) {
    std::vector<Given> given = Read(text, name_);
    const auto include = std::find_if(given.begin(), given.end(), IsInclude);
    if (include != given.end()) {
      std::vector<Given> included = ReadIncluded(*include);
      given.erase(include);
      DropReplaced(given, &included);
      given_ = std::move(included);
    }
    for (Given& one : given) given_.push_back(std::move(one));
  }

  void AddOverride(const std::string& argument) {
    const Origin origin = {"argument " + Quoted(Printable(argument)), "command line"};
    const size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) {
      given_.push_back({{},
                        origin.position,
                        origin,
                        "expected key=value, for example "
                        "optimizer.lr=0.05"});
      return;
    }
    const std::string name = argument.substr(0, equals);
    TomlEntry entry;
    entry.key = name;
    entry.value = KeyValue(argument.substr(equals + 1));
    std::string problem;
    if (const RecipeKey* key = FindRecipeKey(name); key != nullptr) {
      const auto read = ReadOverride(*key, argument.substr(equals + 1));
      if (read.ok()) {
        entry = *read;
        entry.key = name;
      } else {
        problem = read.status().message();
      }
    }
    if (!overridden_.insert(name).second) problem = Quoted(name) + " is given twice";
    given_.push_back({std::move(entry), origin.position, origin, std::move(problem)});
  }

  Result<TrainConfig> Build() {
    ChooseParts();
    for (const Given& given : given_) Take(given);
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
    config_.unlisted_keys = UnlistedRecipeLines(config_);
    config_.recipe_text = ResolvedText();
    return std::move(config_);
  }

 private:
  static Origin At(TomlPosition position, const std::string& name) {
    const std::string line = name + ":" + std::to_string(position.line);
    return {line + ":" + std::to_string(position.column), line};
  }

  std::vector<Given> Read(std::string_view text, const std::string& name) {
    std::vector<Given> given;
    auto entries = ReadToml(text, name);
    if (!entries.ok()) {
      problems_.push_back(entries.status().message());
      return given;
    }
    for (TomlEntry& entry : *entries) {
      const Origin at_key = At(entry.key_position, name), at_value = At(entry.value_position, name);
      given.push_back({std::move(entry), at_key.position, at_value, ""});
    }
    return given;
  }

  static bool IsInclude(const Given& given) { return given.entry.key == kInclude; }

  // What the included file says; nothing, with a problem noted, where it cannot be had.
  std::vector<Given> ReadIncluded(const Given& include) {
    const auto refuse = [&](const std::string& why) {
      problems_.push_back(include.origin.position + ": " + why);
      return std::vector<Given>();
    };
    const auto* path =
        include.entry.value ? std::get_if<std::string>(&*include.entry.value) : nullptr;
    if (path == nullptr || path->empty()) {
      return refuse("'include' is the path of one recipe, relative to this one's, as a string");
    }
    if (!is_file_) return refuse("'include' stands in a recipe file alone");
    const std::string folder = name_.substr(0, name_.rfind('/') + 1);
    const std::string file = path->front() == '/' ? *path : folder + *path;
    const auto text = ReadRecipeFile(file);
    if (!text.ok()) return refuse(text.status().message());
    std::vector<Given> included = Read(*text, file);
    for (const Given& given : included) {
      if (IsInclude(given)) {
        return refuse("'" + file +
                      "' includes another recipe itself; one level is all there is: "
                      "include one file, or put both into one");
      }
    }
    return included;
  }

  // Takes out of `included` what `own` says itself, and the whole group of a part for which `own`
  // names another: what was said of that one means nothing to this.
  static void DropReplaced(const std::vector<Given>& own, std::vector<Given>* included) {
    std::set<std::string> keys, groups;
    for (const Given& given : own) keys.insert(given.entry.key);
    for (const PartList& list : PartLists()) {
      const KeyValue* mine = ValueOf(list.name_key, own);
      const KeyValue* theirs = ValueOf(list.name_key, *included);
      const KeyValue other = theirs != nullptr ? *theirs : KeyValue(list.name(TrainConfig{}));
      if (mine != nullptr && *mine != other) groups.insert(list.group);
    }
    std::erase_if(*included, [&](const Given& given) {
      const std::string& key = given.entry.key;
      return keys.contains(key) || groups.contains(key.substr(0, key.find('.')));
    });
  }

  static const KeyValue* ValueOf(const std::string& key, const std::vector<Given>& given) {
    for (const Given& one : given) {
      if (one.entry.key == key && one.entry.value) return &*one.entry.value;
    }
    return nullptr;
  }

  // Before anything is checked: what the other keys mean is the chosen part's business.
  void ChooseParts() {
    for (const Given& given : given_) {
      const auto* name =
          given.entry.value ? std::get_if<std::string>(&*given.entry.value) : nullptr;
      if (name == nullptr) continue;
      for (const PartList& list : PartLists()) {
        if (given.entry.key == list.name_key) *list.name_of(&config_) = *name;
      }
    }
  }

  void Take(const Given& given) {
    const RecipeKey* key = FindRecipeKey(given.entry.key);
    if (!given.problem.empty()) {
      problems_.push_back(given.origin.position + ": " + given.problem);
    } else if (key == nullptr) {
      ReportUnknown(given.entry, given.key_position);
    } else {
      Set(*key, given.entry, given.origin);
    }
  }

  void Set(const RecipeKey& key, const TomlEntry& entry, const Origin& origin) {
    const PartList* list = key.of_part() ? FindPartList(key.group()) : nullptr;
    const Option* option = list == nullptr ? &key.option() : key.Of(list->name(config_));
    const bool foreign = option == nullptr && list->Find(list->name(config_)) != nullptr;
    if (option == nullptr) option = &key.option();
    const bool nothing = entry.value && MeansNothing(key.name, *entry.value);
    if (nothing && (foreign || !option->Accept(*entry.value, key.name).ok())) return;
    if (foreign) {
      problems_.push_back(origin.position + ": " + ForeignText(key, *list));
      return;
    }
    if (!entry.value) {
      problems_.push_back(origin.position + ": " + Quoted(key.name) + " is " + entry.other_type +
                          "; expected " + option->Expected());
      return;
    }
    if (entry.other_base && key.type() == OptionType::kFloat) {
      problems_.push_back(origin.position + ": " + Quoted(key.name) + " is " +
                          OptionText(*entry.value) + ", not written as a decimal; expected " +
                          option->Expected() + " in decimals");
      return;
    }
    auto accepted = option->Accept(*entry.value, key.name);
    const auto* text = accepted.ok() ? std::get_if<std::string>(&*accepted) : nullptr;
    if (text != nullptr && text->empty() && key.required()) {
      accepted = InvalidArgument(Quoted(key.name) + " is \"\"; it must not be empty");
    }
    if (!accepted.ok()) {
      problems_.push_back(origin.position + ": " + accepted.status().message());
      return;
    }
    key.set(&config_, *accepted);
    origins_[key.name] = origin;
  }

  // An option that the chosen part has not: what would fit.
  std::string ForeignText(const RecipeKey& key, const PartList& list) const {
    const Part& part = *list.Find(list.name(config_));
    return Quoted(key.name) + " does nothing with " + list.name_key + " = \"" + part.name +
           "\", which has " + part.options->NamesText() + "; it belongs to " + key.PartsText() +
           ": remove it or change " + list.name_key;
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
    } else if (entry.key == kInclude) {
      problems_.push_back(position + ": 'include' stands in a recipe file alone");
    } else if (IsReservedRecipeKey(entry.key)) {
      problems_.push_back(position + ": " + name +
                          " is not in this version of Lockstep, so it would do nothing; remove it");
    } else {
      std::string hint = SuggestRecipeKey(entry.key);
      if (hint.empty()) hint = "; `lockstep recipe --keys` lists the keys";
      problems_.push_back(position + ": unknown key " + name + hint);
    }
  }

  // The value of key=value as a TOML entry: bare words stand for strings.
  static Result<TomlEntry> ReadOverride(const RecipeKey& key, const std::string& value) {
    std::string toml = value;
    if (key.type() == OptionType::kString && value.find_first_of("\"'") != 0) {
      toml = OptionText(value);
    } else if (key.type() == OptionType::kStringList && value.find('[') != 0) {
      std::vector<std::string> words;
      for (size_t at = 0; at < value.size();) {
        const size_t comma = std::min(value.find(',', at), value.size());
        words.push_back(value.substr(at, comma - at));
        at = comma + 1;
      }
      toml = OptionText(words);
    }
    const bool one_line = toml.find_first_of("\r\n") == std::string::npos;
    auto entries = ReadToml("value = " + toml, "value");
    if (one_line && entries.ok() && entries->size() == 1 && (*entries)[0].key == "value") {
      return (*entries)[0];
    }
    // Not TOML, and not a string key: shown as the word it is.
    return InvalidArgument(Quoted(key.name) + " is " + Printable(OptionText(value)) +
                           "; expected " + key.option().Expected());
  }

  void FindMissing() {
    for (const RecipeKey& key : RecipeKeys()) {
      if (!key.required() || origins_.count(key.name) > 0) continue;
      problems_.push_back(name_ + ": " + Quoted(key.name) + " is missing (" +
                          key.option().spec.doc + "); add for example " + key.name + " = \"" +
                          key.example + "\"");
    }
    if (NeedsLearningRate(config_) && origins_.count("optimizer.lr") == 0) {
      problems_.push_back(PositionOf({"optimizer.name"}) +
                          ": 'optimizer.lr' is missing: optimizer \"" + config_.optimizer.name +
                          "\" has no learning rate of its own; add for example optimizer.lr = "
                          "0.001");
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
      const std::optional<KeyValue> value = key.get(config_);
      if (!value) continue;
      if (key.group() != group) text += "\n";
      group = key.group();
      const auto origin = origins_.find(key.name);
      const std::string from = origin == origins_.end() ? "default" : origin->second.short_name;
      text += key.name + " = " + OptionText(*value) + "  # " + Printable(from) + "\n";
    }
    return text;
  }

  const std::string name_;
  const bool is_file_;
  TrainConfig config_;
  std::vector<Given> given_;               // in their order
  std::set<std::string> overridden_;       // keys of the command line
  std::map<std::string, Origin> origins_;  // of keys that were given
  std::vector<std::string> problems_;      // one line each
};

Result<TrainConfig> MakeRecipe(std::string_view text, const std::string& name, bool is_file,
                               const std::vector<std::string>& overrides) {
  RecipeBuilder builder(name, is_file);
  builder.AddFile(text);
  for (const std::string& argument : overrides) builder.AddOverride(argument);
  return builder.Build();
}

}  // namespace

Result<TrainConfig> ParseRecipe(std::string_view text, const std::string& name,
                                const std::vector<std::string>& overrides) {
  return MakeRecipe(text, name, /*is_file=*/false, overrides);
}

Result<TrainConfig> LoadRecipe(const std::string& path, const std::vector<std::string>& overrides) {
  ASSIGN_OR_RETURN(const std::string text, ReadRecipeFile(path));
  return MakeRecipe(text, path, /*is_file=*/true, overrides);
}

}  // namespace lockstep::cluster
