// SPDX-License-Identifier: Apache-2.0
// Turns descriptions of commands into a parser of CLI11, and calls the one that is named.
// Everything CLI11 throws is caught in Run.
#include "cluster/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstring>
#include <memory>
#include <variant>

#include "base/exceptions.h"
#include "base/process_limits.h"
#include "base/suggest.h"
#include "cluster/cli/command.h"
#include "cluster/launch/launcher_process.h"
#include "cluster/launch/speaker.h"
#include "cluster/launch/stop_watcher.h"

namespace lockstep::cluster {
namespace {

// Lists a command by the first line of its description; the rest are its examples.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(34); }
  std::string make_subcommand(const CLI::App* command) const override {
    const std::string description = command->get_description();
    std::ostringstream out;
    CLI::detail::format_help(out, command->get_name(),
                             description.substr(0, description.find('\n')), column_width_);
    return out.str();
  }
};

const char kDescription[] =
    R"(Lockstep trains vision models with the same bits on any number of workers.

Examples:
  lockstep data import fashion-mnist /usr/share/datasets/fashion-mnist --out data/fashion-mnist.ldb
  lockstep train cluster/recipes/lenet5-fashion-mnist.toml
  lockstep eval runs/lenet5-fashion-mnist
  lockstep train --help
)";

const char kFooter[] =
    R"(Exit codes: 0 done, 64 wrong usage or recipe, 65 damaged data, 66 not found, 68 too late,
69 a peer is gone, 70 internal, 71 disk or memory full, 73 exists already, 74 input or output,
75 stopped on request, 76 superseded, 77 not permitted, 78 environment, 79 not finite; all of them
with remedies: docs/errors.md.)";

bool IsDecimal(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const bool padded = text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
  return !padded && text.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
}

// Numbers as people read them: CLI11 takes 010 for 8, 0x10 for 16 and 1'0 for 10.
CLI::Validator Decimal() {
  return CLI::Validator(
      [](std::string& text) {
        return IsDecimal(text) ? std::string() : "'" + text + "' is no decimal number";
      },
      "");
}

void WantDecimals(CLI::App* command) {
  for (CLI::Option* option : command->get_options()) {
    const std::string type = option->get_type_name();
    if (type.starts_with("INT") || type.starts_with("UINT") || type.starts_with("FLOAT")) {
      option->check(Decimal());
    }
  }
  for (CLI::App* inner : command->get_subcommands([](CLI::App*) { return true; })) {
    WantDecimals(inner);
  }
}

// The option that sets the variable behind `variable`; help says its type.
struct AddToParser {
  CLI::App* parser;
  const CommandOption& option;

  CLI::Option* operator()(bool* flag) const {
    return parser->add_flag(option.name, *flag, option.help);
  }
  // CLI11 itself would take an empty text for none.
  CLI::Option* operator()(std::optional<std::string>* text) const {
    return parser->add_option_function<std::string>(
        option.name, [text](const std::string& given) { *text = given; }, option.help);
  }
  template <typename T>
  CLI::Option* operator()(T* variable) const {
    return parser->add_option(option.name, *variable, option.help);
  }
};

void AddOption(CLI::App* parser, const CommandOption& option) {
  CLI::Option* added = std::visit(AddToParser{parser, option}, option.variable);
  const OptionRules& rules = option.rules;
  added->required(rules.required);
  if (rules.shows_default) added->capture_default_str();
  if (const auto* range = std::get_if<IntegerRange>(&rules.range)) {
    added->check(CLI::Range(range->least, range->most));
  }
  if (const auto* range = std::get_if<NumberRange>(&rules.range)) {
    added->check(CLI::Range(range->least, range->most));
  }
  if (!rules.choices.empty()) added->check(CLI::IsMember(rules.choices));
  if (rules.count) added->expected(rules.count->least, rules.count->most);
}

// The program's commands and their parser.
class CommandLine {
 public:
  explicit CommandLine(Console* console) : console_(console) {
    app_.set_help_flag("-h,--help", "Print this help and exit");
    app_.formatter(std::make_shared<HelpFormatter>());
    app_.footer(kFooter);
    app_.set_version_flag("--version", std::string("lockstep ") + LOCKSTEP_VERSION);
    for (const Command& command : all_) Add(&app_, command);
    WantDecimals(&app_);
  }

  int Run(std::vector<std::string> arguments) {
    if (!arguments.empty() && arguments[0] == "help") {
      arguments.erase(arguments.begin());
      arguments.push_back("--help");
    }
    Status status = CheckCommandNames(arguments);
    if (status.ok()) {
      status = CatchAll("a library failed", [&] { return ParseAndRun(arguments); });
    }
    console_->out.flush();
    if (status.ok()) status = OutputStatus();
    if (status.ok()) return 0;
    status = SaidByOneRank(status, comm::ProcessEnvironment(), console_->stop);
    if (!status.message().empty()) {  // empty: another rank says it
      const bool asked = status.code() == StatusCode::kCancelled;
      console_->err << (asked ? "lockstep: " : "lockstep: error: ") << status.message()
                    << std::endl;
    }
    return ExitCodeOf(status.code());
  }

 private:
  // A command whose results nobody can read has not done its work.
  Status OutputStatus() const {
    if (console_->out_error == nullptr || *console_->out_error == 0) return OkStatus();
    return IoError(std::string("cannot write to standard output: ") +
                   std::strerror(*console_->out_error) +
                   "; the command has done its work, and what it was to print is lost: free some "
                   "space or send it elsewhere, and give the command again");
  }

  void Add(CLI::App* parent, const Command& command) {
    CLI::App* parser = parent->add_subcommand(command.name, command.description);
    if (!command.footer.empty()) parser->footer(command.footer);  // else its parent's
    for (const CommandOption& option : command.options) AddOption(parser, option);
    if (command.run) parsers_.emplace_back(parser, &command);
    for (const Command& inner : command.commands) Add(parser, inner);
  }

  // The (sub)command named at the head of the arguments must exist; suggests one if not.
  Status CheckCommandNames(const std::vector<std::string>& arguments) {
    CLI::App* at = &app_;
    std::string path;  // "data " once there
    for (const std::string& argument : arguments) {
      const auto commands = at->get_subcommands([](CLI::App*) { return true; });
      if (commands.empty() || argument.empty() || argument[0] == '-') return OkStatus();
      std::vector<std::string> names;
      CLI::App* found = nullptr;
      for (CLI::App* command : commands) {
        names.push_back(command->get_name());
        if (command->get_name() == argument) found = command;
      }
      if (found == nullptr) {
        return InvalidArgument("unknown command '" + path + argument + "'" +
                               Suggestion(argument, names));
      }
      at = found;
      path += argument + " ";
    }
    return OkStatus();
  }

  Status ParseAndRun(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them so
    try {
      app_.parse(arguments);
    } catch (const CLI::CallForHelp&) {
      if (prints_) console_->out << app_.help();
      return OkStatus();
    } catch (const CLI::CallForVersion& version) {
      if (prints_) console_->out << version.what() << "\n";
      return OkStatus();
    } catch (const CLI::ParseError& error) {
      return UsageFailure(error);
    }
    for (const auto& [parser, command] : parsers_) {
      if (!parser->parsed()) continue;
      if (command->needs_room) {
        RETURN_IF_ERROR(
            CheckRoom(kThreadsOfACommand, kBytesOfACommand, "`" + Reached().second + "`"));
      }
      return RunWatched(*command);
    }
    // No command, or a group alone: what there is, and no word of success.
    if (!prints_) return InvalidArgument("no command was given");  // rank 0 prints the help
    console_->err << app_.help() << std::flush;
    return Status(StatusCode::kInvalidArgument, "");
  }

  // Beside the command someone answers a wish to stop, where there can be one.
  Status RunWatched(const Command& command) {
    std::unique_ptr<StopWatcher> watcher;
    if (console_->stop != nullptr) {
      StopManner manner = {.looks = command.at_stop.has_value(),
                           .doing = command.at_stop.value_or("")};
      ASSIGN_OR_RETURN(watcher,
                       StopWatcher::Start(*console_, std::move(manner), FindLauncherProcess()));
    }
    return command.run(console_);
  }

  // The innermost command that the arguments reached, and its name with its parents'.
  std::pair<const CLI::App*, std::string> Reached() const {
    const CLI::App* at = &app_;
    std::string path = "lockstep";
    while (!at->get_subcommands().empty()) {
      at = at->get_subcommands().front();
      path += " " + at->get_name();
    }
    return {at, path};
  }

  Status UsageFailure(const CLI::ParseError& error) const {
    const auto [command, path] = Reached();
    std::string message = error.what();
    const std::vector<std::string> rest = app_.remaining(true);
    if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !rest.empty()) {
      std::vector<std::string> options;
      for (const CLI::Option* option : command->get_options()) {
        for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
      }
      const std::string& extra = rest.front();
      const bool is_option = extra.rfind('-', 0) == 0;
      message = (is_option ? "unknown option '" : "unexpected argument '") + extra + "'";
      if (is_option) message += Suggestion(extra.substr(0, extra.find('=')), options);
    }
    return InvalidArgument(message + "; see `" + path + " --help`");
  }

  Console* const console_;
  const bool prints_ = PrintsForAll(comm::ProcessEnvironment());
  CLI::App app_{kDescription, "lockstep"};
  const std::vector<Command> all_ = AllCommands();
  std::vector<std::pair<CLI::App*, const Command*>> parsers_;  // of those that run, not of groups
};

}  // namespace

int RunCommandLine(const std::vector<std::string>& arguments, Console* console) {
  return CommandLine(console).Run(arguments);
}

}  // namespace lockstep::cluster
