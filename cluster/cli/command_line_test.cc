// SPDX-License-Identifier: Apache-2.0
// The command line as a user meets it: help, mistakes, exit codes. Commands that need data or a
// training run are tested where those are.
#include "cluster/cli/command_line.h"

#include <fstream>
#include <sstream>

#include "cluster/cli/train_command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lockstep::cluster {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Outcome {
  int code = 0;
  std::string out, err;
};

Outcome Lockstep(const std::vector<std::string>& arguments) {
  std::ostringstream out, err;
  Console console{out, err};
  const int code = RunCommandLine(arguments, &console);
  return {code, out.str(), err.str()};
}

const std::vector<std::vector<std::string>> kCommands = {{},
                                                         {"data"},
                                                         {"data", "import"},
                                                         {"data", "info"},
                                                         {"data", "verify"},
                                                         {"data", "show"},
                                                         {"data", "order"},
                                                         {"train"},
                                                         {"bench"},
                                                         {"ckpt"},
                                                         {"ckpt", "ls"},
                                                         {"ckpt", "verify"},
                                                         {"ckpt", "diff"},
                                                         {"coordinator"},
                                                         {"bench", "comm"},
                                                         {"bench", "step"},
                                                         {"eval"},
                                                         {"explain"},
                                                         {"tune"},
                                                         {"models"},
                                                         {"doctor"}};

TEST(CommandLine, EveryHelpStartsWithExamples) {
  for (std::vector<std::string> command : kCommands) {
    command.push_back("--help");
    const Outcome outcome = Lockstep(command);
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.err, "");
    const size_t examples = outcome.out.find("\nExamples:\n  ");
    const size_t usage = outcome.out.find("Usage:");
    ASSERT_NE(examples, std::string::npos) << outcome.out;
    ASSERT_NE(usage, std::string::npos) << outcome.out;
    EXPECT_LT(examples, usage);
    const size_t line = examples + std::string("\nExamples:\n  ").size();
    const std::string first = outcome.out.substr(line, outcome.out.find('\n', line) - line);
    EXPECT_THAT(first, AnyOf(StartsWith("lockstep "), StartsWith("mpirun "))) << outcome.out;
    EXPECT_THAT(first, HasSubstr("lockstep")) << outcome.out;
  }
}

TEST(CommandLine, HelpIsReachedInEveryUsualWay) {
  const std::string train = Lockstep({"train", "--help"}).out;
  EXPECT_EQ(Lockstep({"train", "-h"}).out, train);
  EXPECT_EQ(Lockstep({"help", "train"}).out, train);
  const std::string all = Lockstep({"--help"}).out;
  const Outcome nothing = Lockstep({});
  EXPECT_EQ(nothing.err, all);
  EXPECT_EQ(nothing.out, "");
  EXPECT_EQ(nothing.code, 64);
  EXPECT_EQ(Lockstep({"help"}).out, all);
  for (const char* command : {"data", "train", "eval", "explain", "models"}) {
    EXPECT_THAT(all, HasSubstr("\n  " + std::string(command) + " "));
  }
  EXPECT_THAT(Lockstep({"--version"}).out, StartsWith("lockstep "));
}

TEST(CommandLine, AMistypedCommandGetsASuggestion) {
  const Outcome outcome = Lockstep({"trian", "x.toml"});
  EXPECT_EQ(outcome.code, 64);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "lockstep: error: unknown command 'trian'; did you mean 'train'?\n");
  EXPECT_EQ(Lockstep({"data", "imprt"}).err,
            "lockstep: error: unknown command 'data imprt'; did you mean 'import'?\n");
  EXPECT_THAT(Lockstep({"quux"}).err,
              HasSubstr("known are data, recipe, train, slurm-script, ckpt"));
}

TEST(CommandLine, AMistypedOptionGetsASuggestion) {
  const Outcome outcome = Lockstep({"train", "x.toml", "--rank", "4"});
  EXPECT_EQ(outcome.code, 64);
  EXPECT_EQ(outcome.err,
            "lockstep: error: unknown option '--rank'; did you mean '--ranks'?; see `lockstep "
            "train --help`\n");
  EXPECT_THAT(Lockstep({"data", "import", "idx", "a", "--out", "b", "--tread=3"}).err,
              HasSubstr("unknown option '--tread=3'; did you mean '--threads'?"));
  EXPECT_THAT(Lockstep({"models", "resnet"}).err, HasSubstr("unexpected argument 'resnet'"));
}

TEST(CommandLine, WrongUsageNamesWhatIsWrong) {
  EXPECT_THAT(Lockstep({"data", "import", "idx"}).err, HasSubstr("PATH is required"));
  EXPECT_THAT(Lockstep({"data", "import", "idx", "a"}).err, HasSubstr("--out is required"));
  EXPECT_THAT(Lockstep({"train"}).err, HasSubstr("RECIPE is required"));
  EXPECT_THAT(Lockstep({"train", "x.toml", "--ranks", "two"}).err, HasSubstr("--ranks"));
  EXPECT_THAT(Lockstep({"data", "show", "db", "-3"}).err, HasSubstr("-3"));
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"data", "import", "idx"},
                                             {"train"},
                                             {"train", "x.toml", "--cores", "-1"},
                                             {"data", "order", "x.toml", "--step", "-1"},
                                             {"data", "show", "db", "x"}}) {
    EXPECT_EQ(Lockstep(arguments).code, 64) << ::testing::PrintToString(arguments);
  }
}

TEST(CommandLine, AMissingFileIsNotFound) {
  EXPECT_EQ(Lockstep({"train", "no/such.toml"}).code, 66);
  EXPECT_THAT(Lockstep({"train", "no/such.toml"}).err, HasSubstr("'no/such.toml'"));
  EXPECT_EQ(Lockstep({"eval", "no/such/run"}).code, 66);
  EXPECT_EQ(Lockstep({"data", "info", "no/such.ldb"}).code, 66);
  EXPECT_EQ(Lockstep({"data", "verify", "no/such.ldb"}).code, 66);
  EXPECT_EQ(Lockstep({"data", "show", "no/such.ldb", "1"}).code, 66);
  EXPECT_EQ(Lockstep({"data", "import", "idx", "no/such", "--out",
                      ::testing::TempDir() + "/command_line_test.ldb"})
                .code,
            66);
}

TEST(CommandLine, RecipeMistakesAreUsageErrorsBeforeAnythingRuns) {
  const std::string recipe = ::testing::TempDir() + "/command_line_test.toml";
  std::ofstream(recipe) << "data.dataset = \"no/such.ldb\"\nmodel.name = \"lenet5\"\n";
  EXPECT_EQ(Lockstep({"train", recipe}).code, 66);
  const Outcome typo = Lockstep({"train", recipe, "batch.lanse=2"});
  EXPECT_EQ(typo.code, 64);
  EXPECT_THAT(typo.err, HasSubstr("did you mean 'batch.lanes'?"));
  const Outcome ranks = Lockstep({"train", recipe, "--ranks", "9"});
  EXPECT_EQ(ranks.code, 64);
  EXPECT_THAT(ranks.err, HasSubstr("batch.lanes = 8"));
  EXPECT_EQ(Lockstep({"explain", recipe, "--ranks", "9"}).code, 64);
}

TEST(CommandLine, RecipeListsTheKeysAsTrainDoes) {
  const Outcome outcome = Lockstep({"recipe", "--keys"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("batch.lanes  (fixed, default 8)"));
  EXPECT_EQ(Lockstep({"train", "--keys"}).out, outcome.out);
  EXPECT_THAT(Lockstep({"recipe", "--page"}).out, HasSubstr("# The keys of a recipe\n"));
}

TEST(CommandLine, RecipePrintsWhatARecipeResolvesTo) {
  const std::string recipe = LOCKSTEP_SOURCE_DIR "/cluster/recipes/lenet5-fashion-mnist.toml";
  const Outcome outcome = Lockstep({"recipe", recipe, "optimizer.lr=0.0625"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("optimizer.lr = 0.0625  # command line\n"));
  EXPECT_EQ(Lockstep({"recipe"}).code, 64);
}

TEST(CommandLine, ModelsShowsParameterCounts) {
  const Outcome outcome = Lockstep({"models"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("61,706 parameters"));
  EXPECT_THAT(outcome.out, HasSubstr("109,386 parameters"));
  EXPECT_THAT(outcome.out, HasSubstr("478,410 parameters"));
  EXPECT_EQ(Lockstep({"models", "--filter", "no such model"}).code, 66);
}

TEST(TrainCommand, TheRunDirectoryIsNamedForTheRecipe) {
  EXPECT_EQ(DefaultRunDirectory("recipes/lenet5.toml"), "runs/lenet5");
  EXPECT_EQ(DefaultRunDirectory("lenet5.v2.toml"), "runs/lenet5.v2");
}

}  // namespace
}  // namespace lockstep::cluster
