// SPDX-License-Identifier: Apache-2.0
// A command of the `lockstep` program as plain data: what its help says, its options with the
// variables they set, and its action. Each <name>_command.cc describes its command in a function
// `Command <Name>Command()`, whose name stands in the list `commands` of cluster/CMakeLists.txt.
// command_line.cc alone turns descriptions into a parser.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/status.h"
#include "cluster/console/console.h"

namespace lockstep::cluster {

// What an option sets. A bool is a flag, set where the option is given; a vector takes several
// values; an optional stays empty unless the option is given.
using Variable =
    std::variant<bool*, std::string*, std::optional<std::string>*, std::vector<std::string>*,
                 int32_t*, std::optional<int32_t>*, int64_t*, std::optional<int64_t>*, uint64_t*,
                 double*, std::optional<double>*>;

// Both ends are allowed.
struct IntegerRange {
  int64_t least = 0;
  int64_t most = std::numeric_limits<int64_t>::max();
};
struct NumberRange {
  double least = 0.0;
  double most = std::numeric_limits<double>::max();
};

struct ValueCount {
  int least = 0, most = 0;
};

struct OptionRules {
  bool required = false;
  bool shows_default = false;  // the help says what the variable holds at first
  std::variant<std::monostate, IntegerRange, NumberRange> range = {};
  std::vector<std::string> choices = {};  // empty: any value
  std::optional<ValueCount> count = {};   // of a vector's values; absent: any
};

// One option, "--out", or, where the name has no dashes, one argument that is taken by its place.
struct CommandOption {
  std::string name;
  Variable variable;  // outlives the parser: it belongs to what Command::run captures
  std::string help;
  OptionRules rules = {};
};

// The settings that replace a recipe's: every further argument of the command.
inline CommandOption Overrides(std::vector<std::string>* overrides) {
  return {"key=value", overrides,
          "Settings that replace the recipe's, for example optimizer.lr=0.05"};
}

struct Command {
  std::string name;
  std::string description;  // the first line is what lists of commands show; examples come next
  std::vector<CommandOption> options = {};
  std::function<Status(Console*)> run = nullptr;  // null: a group, which only has `commands`
  std::vector<Command> commands = {};
  std::string footer = {};  // the end of the help
  // A command that looks at Console::stop between the pieces of its work says here what it does
  // when that is set, for whoever wished it. Where there is no text the process is ended.
  std::optional<std::string> at_stop = {};
  bool needs_room = true;  // the threads and memory of a command are asked for before it begins
};

// Every command of the program, in the order in which `lockstep --help` lists them; the variables
// are new ones in each call. Generated from the list in cluster/CMakeLists.txt.
std::vector<Command> AllCommands();

}  // namespace lockstep::cluster
