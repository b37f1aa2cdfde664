# SPDX-License-Identifier: Apache-2.0
"""One run of `lockstep` as SLURM jobs: submitted, struck in every way, and in the end compared with
a run that nobody touched."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "cli"), os.path.join(HERE, "..", "fault")]

import daemons  # noqa: E402
import harness  # noqa: E402
import left  # noqa: E402
from daemons import wait_for  # noqa: E402

RECIPE = """\
data.dataset = "DATASET"
data.val = "test"
data.window_shards = 2
model.name = "mlp-784-128-64-10"
batch = { lanes = 4, lane_batch = 5 }
train = { epochs = 100000, seed = 3 }
optimizer = { name = "adam", lr = 0.0005 }
eval.batch = 5
"""
STEP_MS = 100  # how long a step of a job takes at least: it is to be struck in the midst
SLOW = {"LOCKSTEP_FAULTS": f"train.step:sleep{STEP_MS}@1+"}


class Failure(AssertionError):
    """A job did something else than it must."""


class Place:
    """A folder with a dataset and a recipe, and SLURM's daemons. Use with `with`."""

    def __init__(self, program):
        self.program = program
        self.slurm = daemons.Daemons()
        self.folder = ""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="lockstep-jobs-")
        try:
            harness.PROGRAM = self.program
            harness.write_source(f"{self.folder}/source")
            subprocess.run(harness.command("data", "import", "idx", "source", "--out", "small.ldb",
                                           "--shard-size", 16),
                           cwd=self.folder, check=True, capture_output=True, timeout=harness.SECONDS)
            harness.write_file(f"{self.folder}/recipe.toml",
                               RECIPE.replace("DATASET", f"{self.folder}/small.ldb"))
            self.slurm.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.slurm.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def lockstep(self, *arguments, environment=None):
        """A command outside of any job; its outcome."""
        done = subprocess.run([self.program, *map(str, arguments)], cwd=self.folder, text=True,
                              env={**self.slurm.environment, **(environment or {})},
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=harness.SECONDS, check=False)
        outcome = harness.Outcome(list(map(str, arguments)), done.returncode, done.stdout,
                                  done.stderr)
        if harness.CRASH.search(outcome.err):
            raise Failure(f"it crashed: {outcome}")
        return outcome

    def script(self, *arguments):
        """What `lockstep slurm-script` prints."""
        outcome = self.lockstep("slurm-script", "recipe.toml", *arguments)
        if outcome.code != 0:
            raise Failure(f"no script: {outcome}")
        return outcome.out


class Job:
    """A submitted script."""

    def __init__(self, place, text, variables=None):
        self.place, self.slurm = place, place.slurm
        environment = dict(self.slurm.environment, **(variables or {}))
        done = subprocess.run(["sbatch", "--parsable"], cwd=place.folder, input=text, text=True,
                              env=environment, capture_output=True, check=False)
        if done.returncode != 0:
            raise Failure(f"sbatch: {done.stderr}")
        self.id = done.stdout.strip()
        self.log_path = f"{place.folder}/lockstep-recipe-{self.id}.log"

    def __str__(self):
        return f"job {self.id} ({self.state()}), its log:\n{self.log()[-6000:]}"

    def log(self):
        return harness.read_text(self.log_path) if os.path.exists(self.log_path) else ""

    def shown(self):
        return self.slurm.control("scontrol", "show", "job", self.id)

    def state(self):
        return re.search(r"JobState=(\w+)", self.shown())[1]

    def restarts(self):
        return int(re.search(r"Restarts=(\d+)", self.shown())[1])

    def wait_said(self, phrase):
        """Until it stands in the log, where it comes by way of srun or mpirun."""
        wait_for(lambda: f"'{phrase}' in the log of {self}", lambda: phrase in self.log())

    def cancel(self, *options):
        self.slurm.control("scancel", *options, self.id)

    def wait_state(self, *states, seconds=daemons.SECONDS):
        wait_for(lambda: f"{' or '.join(states)} of {self}",
                 lambda: self.state() in states, seconds)

    def wait_queued_again(self, restarts, seconds=daemons.SECONDS):
        """Until it is in the queue once more than `restarts` times, or runs again already."""
        wait_for(lambda: f"another start than {restarts} of {self}",
                 lambda: self.restarts() > restarts, seconds)

    def start_now(self):
        """A job that was queued again may start after two minutes only, unless one says so."""
        if self.state() != "PENDING":
            return
        try:
            self.slurm.control("scontrol", "update", f"JobId={self.id}", "StartTime=now")
        except AssertionError:
            if self.state() == "PENDING":  # else it has started meanwhile
                raise


class Run:
    """A run directory in a place, whatever jobs train in it."""

    def __init__(self, place, name):
        self.place, self.name = place, name
        self.path = f"{place.folder}/{name}"

    def submit(self, *arguments, variables=None, edit=lambda text: text):
        text = self.place.script("--run", self.name, *arguments)
        return Job(self.place, edit(text), SLOW if variables is None else variables)

    def steps(self):
        path = f"{self.path}/digests.csv"
        return max(0, harness.read_text(path).count("\n") - 1) if os.path.exists(path) else 0

    def summary(self):
        try:
            return json.loads(harness.read_text(f"{self.path}/summary.json"))
        except (FileNotFoundError, ValueError):
            return {}

    def wait_steps(self, job, more=3):
        """Until a job has trained so many steps more; it is started as soon as it may."""
        goal = self.steps() + more

        def reached():
            if job.state() not in ("PENDING", "RUNNING", "COMPLETING"):
                raise Failure(f"it trains no more: {job}")
            if self.steps() < goal:
                job.start_now()
            return self.steps() >= goal
        wait_for(lambda: f"{goal} steps (there are {self.steps()}) of {job}", reached)

    def check_stopped(self, job):
        """The start that was struck has written its checkpoint and ended in order."""
        wait_for(lambda: f"a stop in order ({self.summary()}) of {job}",
                 lambda: self.summary().get("status") == "stopped")

    def finish(self, *arguments):
        """A last job on this run ends it a few steps later; then every file is that of a run that
        nobody touched."""
        cut = f"train.max_steps={self.steps() + 5}"
        job = self.submit(*arguments, cut, variables={})
        job.wait_state("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT")
        if job.state() != "COMPLETED":
            raise Failure(f"it did not finish: {job}")
        alone = f"alone-{self.name}"
        outcome = self.place.lockstep("train", "recipe.toml", cut, "--run", alone)
        if outcome.code != 0:
            raise Failure(f"the untouched run failed: {outcome}")
        different = left.difference(left.Left(self.path),
                                    left.Left(f"{self.place.folder}/{alone}"))
        if different:
            raise Failure(f"{different}; {job}")
        return job


# --- what strikes a job; each leaves it queued again, with its checkpoint written

def preempt(run, job):
    """A job of a higher partition takes both nodes."""
    slurm, restarts = run.place.slurm, job.restarts()
    high = slurm.control("sbatch", "--parsable", "--partition=high", "--nodes=2", "--exclusive",
                         "--output=/dev/null", "--wrap=sleep 1000", cwd=run.place.folder).strip()
    try:
        wait_for(lambda: f"the preempting job's start, {job}", lambda: "JobState=RUNNING" in
                 slurm.control("scontrol", "show", "job", high))
        run.check_stopped(job)
        job.wait_queued_again(restarts)
    finally:
        slurm.control("scancel", high)


def requeue(run, job):
    """A person queues it again."""
    restarts = job.restarts()
    run.place.slurm.control("scontrol", "requeue", job.id)
    job.wait_queued_again(restarts)
    run.check_stopped(job)


def signal_of_scancel(run, job):
    """USR1 to the script, which passes it on: the run has the job queued again itself."""
    restarts = job.restarts()
    job.cancel("--batch", "--signal=USR1")
    job.wait_queued_again(restarts)
    run.check_stopped(job)
    job.wait_said(f"SLURM job {job.id} is queued again")


def time_limit(run, job):
    """The time of the job comes near its end: by SLURM's signal or by the run's own clock."""
    restarts = job.restarts()
    job.wait_queued_again(restarts, seconds=150)
    run.check_stopped(job)
    job.wait_said(f"SLURM job {job.id} is queued again")


def strike(run, job, how, times, tell=lambda text: None):
    """Strikes a job so often, each time after it has come further."""
    for number in range(1, times + 1):
        began = time.monotonic()
        run.wait_steps(job)
        at = run.steps()
        how(run, job)
        tell(f"{how.__name__} {number} of {times} at step {at}: {time.monotonic() - began:.1f} s")
