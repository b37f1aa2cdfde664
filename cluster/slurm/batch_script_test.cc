// SPDX-License-Identifier: Apache-2.0
// What is printed and what is refused; whether sbatch takes it and what then happens is
// tests/slurm.
#include "cluster/slurm/batch_script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lockstep::cluster {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

BatchScript Script() {
  BatchScript script;
  script.program = "lockstep";
  script.recipe = "recipes/a b.toml";
  script.run_directory = "runs/a";
  script.nodes = 2;
  script.ntasks_per_node = 4;
  return script;
}

std::string Refusal(const BatchScript& script, double stop_seconds = 0) {
  const Status status = CheckBatchScript(script, /*lanes=*/8, stop_seconds);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
  return status.message();
}

TEST(BatchScriptTest, TheSrunForm) {
  ASSERT_TRUE(CheckBatchScript(Script(), 8, 0).ok());
  EXPECT_THAT(
      BatchScriptText(Script()),
      AllOf(HasSubstr("#SBATCH --job-name=lockstep-a-b\n"),
            HasSubstr("#SBATCH --nodes=2\n#SBATCH --ntasks-per-node=4\n"),
            HasSubstr("#SBATCH --signal=B:USR1@120\n"), HasSubstr("#SBATCH --requeue\n"),
            HasSubstr("#SBATCH --open-mode=append\n"), HasSubstr("and by\n# the run itself"),
            HasSubstr("trap 'kill -USR2 \"$train\"' USR2\n"),
            HasSubstr("trap 'kill -HUP \"$train\"' HUP\n"),
            HasSubstr("if [ -e runs/a/requeue ]; then rm runs/a/requeue; scontrol requeue "),
            HasSubstr("#SBATCH --output=lockstep-a-b-%j.log\n"),
            HasSubstr("\nsrun --mpi=pmix \\\n  lockstep train 'recipes/a b.toml' --run "
                      "runs/a --requeue --coordinator-listen 0.0.0.0:0 "
                      "--insecure-listen &\n"),
            Not(HasSubstr("gpus")), Not(HasSubstr("OMPI"))));
}

TEST(BatchScriptTest, TheMpirunForm) {
  BatchScript script = Script();
  script.launcher = "mpirun";
  script.nodes = 1;
  script.cpus_per_task = 3;
  EXPECT_THAT(BatchScriptText(script),
              AllOf(HasSubstr("export OMPI_MCA_odls_base_sigkill_timeout=10\n"),
                    HasSubstr("\nmpirun -np 4 --map-by ppr:4:node --bind-to none \\\n"),
                    HasSubstr(" --requeue --cores 3 &\n"), Not(HasSubstr("insecure"))));
}

TEST(BatchScriptTest, GpusImagesAndArrays) {
  BatchScript script = Script();
  script.gpus_per_node = 4;
  script.apptainer = "lockstep.sif";
  script.array = 30;
  script.partition = "long";
  script.overrides = {"train.epochs=3", "augment.train=a b"};
  EXPECT_THAT(
      BatchScriptText(script),
      AllOf(HasSubstr("#SBATCH --gpus-per-node=4\n"), HasSubstr("#SBATCH --partition=long\n"),
            HasSubstr("#SBATCH --array=1-30%1\n"), HasSubstr("-%A_%a.log\n"),
            HasSubstr("  apptainer exec --nv lockstep.sif \\\n  lockstep train "),
            HasSubstr(" train.epochs=3 'augment.train=a b' &\n"), Not(HasSubstr("--requeue --")),
            Not(HasSubstr("the run itself")), Not(HasSubstr("scontrol requeue"))));
}

TEST(BatchScriptTest, EveryImpossibleNumberIsNamed) {
  BatchScript script = Script();
  script.nodes = 0;
  EXPECT_THAT(Refusal(script), HasSubstr("--nodes 0: a job needs at least 1 node"));
  script = Script();
  script.ntasks_per_node = -2;
  EXPECT_THAT(Refusal(script), HasSubstr("--ntasks-per-node -2"));
  script = Script();
  script.gpus_per_node = -1;
  EXPECT_THAT(Refusal(script), HasSubstr("--gpus-per-node -1"));
  script = Script();
  script.cpus_per_task = -1;
  EXPECT_THAT(Refusal(script), HasSubstr("--cpus-per-task -1"));
  script = Script();
  script.array = -1;
  EXPECT_THAT(Refusal(script), HasSubstr("--array -1"));
}

TEST(BatchScriptTest, MoreRanksThanLanesAreRefusedAlsoWhereTheirProductOverflows) {
  BatchScript script = Script();
  script.nodes = 3;
  EXPECT_THAT(Refusal(script), AllOf(HasSubstr("are 12 ranks"), HasSubstr("batch.lanes = 8"),
                                     HasSubstr("8 ranks or fewer")));
  script.nodes = script.ntasks_per_node = 2147483647;
  EXPECT_THAT(Refusal(script), HasSubstr("are 4611686014132420609 ranks"));
}

TEST(BatchScriptTest, ATimeLimitMustLeaveTimeToSave) {
  BatchScript script = Script();
  script.time = "2";
  EXPECT_THAT(Refusal(script), AllOf(HasSubstr("--time 2 is 120 s"), HasSubstr("--notice")));
  script.notice = 30;
  EXPECT_TRUE(CheckBatchScript(script, 8, 0).ok());
  EXPECT_THAT(Refusal(script, /*stop_seconds=*/45.2),
              AllOf(HasSubstr("--notice 30"), HasSubstr("have taken 46 s"),
                    HasSubstr("--notice 91 or more")));
  script.notice = 0;
  EXPECT_THAT(Refusal(script), HasSubstr("--notice 0"));
  script = Script();
  script.time = "soon";
  EXPECT_THAT(Refusal(script), HasSubstr("--time 'soon'"));
}

TEST(BatchScriptTest, ATimeLimitMustBeLongerThanTheMarginThatTheRunKeeps) {
  BatchScript script = Script();
  script.time = "2";
  script.notice = 30;
  script.job_margin = 120;
  EXPECT_THAT(Refusal(script), AllOf(HasSubstr("--time 2 is 120 s"),
                                     HasSubstr("run.job_margin = 120 s free before its end: "),
                                     HasSubstr("a longer --time")));
  script.job_margin = 100;
  EXPECT_TRUE(CheckBatchScript(script, 8, /*stop_seconds=*/19.5).ok());
  EXPECT_THAT(Refusal(script, /*stop_seconds=*/20), HasSubstr("have taken 20 s"));
  script.job_margin = 0;
  EXPECT_TRUE(CheckBatchScript(script, 8, /*stop_seconds=*/20).ok());
}

TEST(BatchScriptTest, TextsThatNoScriptCanHoldAreRefused) {
  BatchScript script = Script();
  script.partition = "a b";
  EXPECT_THAT(Refusal(script), HasSubstr("--partition 'a b'"));
  script = Script();
  script.run_directory = "runs\n#SBATCH --nodes=9";
  EXPECT_THAT(Refusal(script), HasSubstr("line break"));
}

TEST(BatchScriptTest, WordsAreReadBackByAShellAsTheyAre) {
  EXPECT_EQ(ShellWord("runs/a-1_b.c"), "runs/a-1_b.c");
  EXPECT_EQ(ShellWord(""), "''");
  EXPECT_EQ(ShellWord("a b"), "'a b'");
  EXPECT_EQ(ShellWord("it's $HOME"), "'it'\\''s $HOME'");
}

}  // namespace
}  // namespace lockstep::cluster
