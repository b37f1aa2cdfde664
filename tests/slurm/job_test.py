# SPDX-License-Identifier: Apache-2.0
"""The script that `lockstep slurm-script` prints, given to real daemons: every form is taken; jobs
that are preempted, signalled, queued again and out of time go on, and their runs end like one that
nobody touched. tests/slurm/run does the same many times."""

import json
import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import daemons  # noqa: E402
import jobs  # noqa: E402
import harness  # noqa: E402  (tests/cli)
from daemons import wait_for  # noqa: E402
from harness import INVALID  # noqa: E402

ENVIRONMENT = 78  # docs/errors.md
SCALING = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "../../cluster/slurm/scaling.sh")
TWO_NODES = ("--nodes", 2, "--ntasks-per-node", 1, "--launcher", "mpirun")
ONE_NODE = ("--nodes", 1, "--ntasks-per-node", 2, "--launcher", "srun")


class JobTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if daemons.missing():
            raise unittest.SkipTest(daemons.missing())
        cls.place = cls.enterClassContext(jobs.Place(harness.PROGRAM))

    def test_sbatch_takes_every_form(self):
        forms = [(*layout, *more) for layout in (TWO_NODES, ONE_NODE) for more in (
            (), ("--gpus-per-node", 1, "--apptainer", "image of lockstep.sif"),
            ("--cpus-per-task", 1, "--array", 30),
            ("--partition", "high", "--time", "1-00:00:00", "--notice", 600))]
        for form in forms:
            with self.subTest(form=form):
                text = self.place.script(*form)
                self.place.slurm.control("sbatch", "--test-only", given=text)
                self.assertEqual(subprocess.run(["bash", "-n"], input=text, text=True,
                                                check=False).returncode, 0, text)

    def test_what_sbatch_refuses_is_passed_on_with_the_remedy(self):
        outcome = self.place.lockstep("slurm-script", "recipe.toml", "--partition", "nosuch",
                                      "--submit")
        self.assertEqual(outcome.code, INVALID, outcome)
        for phrase in ("sbatch refused the script: ", "invalid partition", "'nosuch'", "`sinfo`"):
            self.assertIn(phrase, outcome.err.replace("Invalid", "invalid"), outcome)
        self.assertEqual(outcome.out, "", outcome)

    def test_a_job_on_two_nodes_outlives_preemption(self):
        run = jobs.Run(self.place, "two")
        job = run.submit(*TWO_NODES)
        jobs.strike(run, job, jobs.preempt, 1)
        run.wait_steps(job)
        self.assertRegex(job.log(), rf"SLURM job {job.id}, start 2, 2 nodes \(a,b\); 2 ranks by "
                                    r"Open MPI's mpirun")
        job.cancel()  # for good
        job.wait_state("CANCELLED")
        run.check_stopped(job)
        # Another number of nodes and ranks, by another launcher.
        run.finish(*ONE_NODE)

    def test_a_job_whose_time_ends_stops_by_its_own_clock(self):
        run = jobs.Run(self.place, "clock")
        job = run.submit(*ONE_NODE, "--time", 2, "--notice", 1, "run.job_margin=90")
        jobs.strike(run, job, jobs.time_limit, 1)
        self.assertIn("the SLURM job ends in ", job.log())
        job.cancel()
        job.wait_state("CANCELLED")
        # The next has time: nothing but what is done to it here ends it.
        job = run.submit(*ONE_NODE, "run.job_margin=0")
        jobs.strike(run, job, jobs.requeue, 1)
        self.assertEqual(job.restarts(), 1)
        run.wait_steps(job)
        job.cancel("--full", "--signal=KILL")  # script and ranks, without a word
        job.wait_state("FAILED", "CANCELLED")
        run.finish(*TWO_NODES)

    def test_less_time_than_a_stop_takes_is_refused_before_anything_is_done(self):
        run = jobs.Run(self.place, "short")
        # The command would refuse this itself; another may have changed the script.
        job = run.submit(*ONE_NODE, "--time", 2, "--notice", 1, "run.job_margin=70",
                         edit=lambda text: text.replace("--time=2\n", "--time=1\n"))
        job.wait_state("FAILED")
        self.assertIn("too soon to train: run.job_margin = 70 ", job.log())
        self.assertEqual(job.log().count("lockstep: error:"), 1, job)
        self.assertIn(f"ExitCode={ENVIRONMENT}:0", job.shown())
        self.assertFalse(os.path.exists(run.path))

    def test_an_array_is_a_queue_of_short_jobs(self):
        run = jobs.Run(self.place, "array")
        job = run.submit(*ONE_NODE, "--array", 3, "train.max_steps=40")
        wait_for(lambda: f"its first steps: {job.shown()}", lambda: run.steps() > 3)
        slurm = self.place.slurm
        running = slurm.control("squeue", "-h", "-t", "RUNNING", "-j", job.id, "-o", "%A").strip()
        # SLURM 22.05 says 229 for a task of an array, and does it.
        subprocess.run(["scancel", "--batch", "--signal=USR1", running], check=False,
                       env=slurm.environment, capture_output=True)

        def ended():
            said = self.place.slurm.control("scontrol", "show", "job", job.id)
            states = re.findall(r"JobState=(\w+)", said)
            return len(states) == 3 and not {"PENDING", "RUNNING", "COMPLETING"} & set(states)
        wait_for(lambda: f"the end of the array: {job.shown()}", ended)
        logs = [harness.read_text(f"{self.place.folder}/lockstep-recipe-{job.id}_{task}.log")
                for task in (1, 2, 3)]
        self.assertIn("stopped on request after step", logs[0], logs)
        self.assertNotIn("queued again", logs[0], logs)
        self.assertIn("going on from checkpoint", logs[1], logs)
        self.assertIn("is finished already", logs[2], logs)
        self.assertEqual(run.summary()["status"], "finished", logs)

    def test_the_scaling_job_measures_two_nodes_by_mpirun(self):
        self.check_scaling("two", {"LAUNCH": "mpirun --bind-to none -np {ranks}"},
                           "--nodes", 2, "--ntasks-per-node", 1)

    def test_the_scaling_job_measures_one_node_by_srun(self):
        self.check_scaling("one", {}, "--nodes", 1, "--ntasks-per-node", 2)

    def check_scaling(self, name, variables, *layout):
        out = f"{self.place.folder}/scaling-{name}"
        job = ScalingJob(self.place, {"LOCKSTEP": harness.PROGRAM, "OUT": out, **variables},
                         *layout, SCALING, "--strong", "--lanes", 2, "--lane-batch", 4,
                         "--ranks", "1,2", "--steps", 2, "--warmup", 1)
        job.wait_state("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT")
        self.assertEqual(job.state(), "COMPLETED", job)
        result = json.loads(harness.read_text(f"{out}/scaling.json"))
        one, two = result["points"]
        self.assertEqual((one["ranks"], two["ranks"]), (1, 2), job)
        self.assertEqual(one["digests"], two["digests"], job)
        self.assertIn(one["digests"][-1], job.log())
        left_files = os.listdir(out)
        for file in ("scaling.csv", "scaling.md", "scaling-step.png", "scaling-checkpoint.svg"):
            self.assertIn(file, left_files)
        self.assertFalse([file for file in left_files if file.startswith("lockstep-scaling-")],
                         "its dataset and checkpoints are gone")


class ScalingJob(jobs.Job):
    """cluster/slurm/scaling.sh, submitted with options of sbatch, the script and its arguments."""

    def __init__(self, place, variables, *arguments):  # pylint: disable=super-init-not-called
        self.place, self.slurm = place, place.slurm
        # `env`: sbatch hands its own environment on.
        given = [f"{name}={value}" for name, value in variables.items()]
        said = self.slurm.control("env", *given, "sbatch", "--parsable", *arguments,
                                  cwd=place.folder)
        self.id = said.strip()
        self.log_path = f"{place.folder}/scaling-{self.id}.log"


if __name__ == "__main__":
    harness.main()
