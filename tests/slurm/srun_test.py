# SPDX-License-Identifier: Apache-2.0
"""The same `train` line under srun, with SLURM daemons that this test starts for itself."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import daemons  # noqa: E402
import harness  # noqa: E402
from daemons import wait_for  # noqa: E402
from harness import STOPPED  # noqa: E402

NO_ENVIRONMENT = 78  # docs/errors.md


class SrunTest(harness.CliTest):
    @classmethod
    def setUpClass(cls):
        if daemons.missing():
            raise unittest.SkipTest(daemons.missing())
        super().setUpClass()
        cls.slurm = cls.enterClassContext(daemons.Daemons(oversubscribe="FORCE:8"))
        cls.environment = cls.slurm.environment

    def srun(self, *arguments):
        return subprocess.Popen(["srun", *arguments], cwd=self.folder, env=self.environment,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)

    def text_of(self, job):
        out, _ = job.communicate(timeout=harness.SECONDS)
        self.assertNotRegex(out, harness.CRASH)
        return out

    def test_ranks_of_srun_give_the_digests_of_one_process(self):
        self.succeeds("train", "recipe.toml", "--run", "one")
        for ranks in (1, 2, 3):
            job = self.srun("--mpi=pmix", "-N", "1", "-O", "-n", str(ranks),
                            *harness.command("train", "recipe.toml", "--run", f"srun{ranks}"))
            out = self.text_of(job)
            self.assertEqual(job.returncode, 0, out)
            self.assertEqual(harness.read_text(self.path(f"srun{ranks}/digests.csv")),
                             harness.read_text(self.path("one/digests.csv")))

    def test_single_processes_are_refused_with_the_fix(self):
        job = self.srun("--mpi=none", "-N", "1", "-O", "-n", "2",
                        *harness.command("train", "recipe.toml", "--run", "none"))
        out = self.text_of(job)
        self.assertEqual(job.returncode, NO_ENVIRONMENT, out)
        self.assertEqual(out.count("srun started 2 tasks"), 1, out)
        self.assertIn("srun --mpi=pmix", out)
        self.assertFalse(os.path.exists(self.path("none")))

    def test_a_wrong_option_is_said_once(self):
        job = self.srun("--mpi=pmix", "-N", "1", "-O", "-n", "3",
                        *harness.command("train", "recipe.toml", "--no-such"))
        out = self.text_of(job)
        self.assertEqual(job.returncode, harness.INVALID, out)
        self.assertEqual(out.count("--no-such"), 1, out)

    def test_a_signal_by_scancel_stops_after_a_checkpoint_and_srun_goes_on(self):
        line = ["--mpi=pmix", "-N", "1", "-O", "-n", "2", "--job-name=stop",
                *harness.command("train", "recipe.toml", "--run", "stop", "train.epochs=100000",
                                 "train.max_steps=100000", "checkpoint.every_steps=1000000")]
        job = self.srun(*line)
        digests = self.path("stop/digests.csv")
        wait_for("a first step", lambda: os.path.exists(digests) and
                 harness.read_text(digests).count("\n") > 3)
        subprocess.run(["scancel", "--signal=USR1", "--name=stop"], env=self.environment, check=True)
        out = self.text_of(job)
        self.assertEqual(job.returncode, STOPPED, out)
        self.assertIn("stopped on request after step", out)
        steps = harness.read_text(digests).count("\n") - 1
        line[-2] = f"train.max_steps={steps + 3}"
        job = self.srun(*line)
        out = self.text_of(job)
        self.assertEqual(job.returncode, 0, out)
        self.assertIn(f"going on from checkpoint b01-s{steps:010}", out)
        self.assertEqual(harness.read_text(digests).count("\n") - 1, steps + 3)


if __name__ == "__main__":
    harness.main()
