# SPDX-License-Identifier: Apache-2.0
"""docs/slurm.md, its commands given to a shell and real daemons as they stand there."""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import daemons  # noqa: E402
import jobs  # noqa: E402
import harness  # noqa: E402  (tests/cli)
import left  # noqa: E402  (tests/fault)
from daemons import wait_for  # noqa: E402

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/slurm.md")
EPOCHS = 12  # of 8 steps


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if daemons.missing():
            raise unittest.SkipTest(daemons.missing())
        cls.place = cls.enterClassContext(jobs.Place(harness.PROGRAM))
        cls.text = harness.read_text(PAGE)

    def give(self, block, variables=None):
        """The commands of a block, to a shell whose PATH has the program."""
        environment = dict(self.place.slurm.environment, **(variables or {}))
        environment["PATH"] = f"{os.path.dirname(harness.PROGRAM)}:{environment['PATH']}"
        done = subprocess.run(["bash", "-e", "-c", block], cwd=self.place.folder, text=True,
                              env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=harness.SECONDS, check=False)
        self.assertEqual(done.returncode, 0, f"{block}{done.stdout}{done.stderr}")
        return done.stdout

    def test_the_whole_path_as_it_stands_there(self):
        recipe = f"{self.place.folder}/recipe.toml"
        harness.write_file(recipe, harness.read_text(recipe).replace("100000", str(EPOCHS)))
        blocks = re.findall(r"(?s)```sh\n(.*?)```", self.text)
        self.assertEqual(len(blocks), 8, "this test knows eight blocks")
        look, script, submit, watch, stop, now, cancel, elsewhere = blocks
        self.give(look)
        self.give(script)
        self.give(submit, jobs.SLOW)
        run = jobs.Run(self.place, "runs/a")
        job = FoundJob(self.place)
        run.wait_steps(job)
        self.assertIn(job.id, self.give(watch))
        self.give(stop)
        job.wait_queued_again(0)
        run.check_stopped(job)
        job.wait_state("PENDING")
        self.give(now)
        run.wait_steps(job)
        self.give(cancel)
        job.wait_state("CANCELLED")
        run.check_stopped(job)
        last = re.search(r"Submitted batch job (\d+)", self.give(elsewhere))[1]
        wait_for(lambda: f"the end of the run: {run.summary()}",
                 lambda: run.summary().get("status") == "finished")
        log = f"{self.place.folder}/lockstep-recipe-{last}.log"
        self.assertIn("going on from checkpoint", harness.read_text(log))
        outcome = self.place.lockstep("train", "recipe.toml", "--run", "alone")
        self.assertEqual(outcome.code, 0, outcome)
        self.assertEqual(left.difference(left.Left(run.path),
                                         left.Left(f"{self.place.folder}/alone")), "")

    def test_every_line_of_a_script_is_explained(self):
        forms = (("--launcher", "mpirun", "--nodes", 2, "--cpus-per-task", 1),
                 ("--gpus-per-node", 1, "--apptainer", "image.sif", "--partition", "high"),
                 ("--array", 30))
        for form in forms:
            for option in re.findall(r"--[a-z-]+|OMPI\w+", self.place.script(*form)):
                if option != "--run":  # what the page is about
                    self.assertIn(option, self.text)


class FoundJob(jobs.Job):
    """The job that the page's commands submitted."""

    def __init__(self, place):  # pylint: disable=super-init-not-called
        self.place, self.slurm = place, place.slurm
        self.id = harness.read_text(f"{place.folder}/job").strip()
        self.log_path = f"{place.folder}/lockstep-recipe-{self.id}.log"


if __name__ == "__main__":
    harness.main()
