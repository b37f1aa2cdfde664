# SPDX-License-Identifier: Apache-2.0
"""One case: a folder of its own with a run in it, commands on that run, and what must be true in
the end.

The oracle: after whatever was done, the same command ends the run, and then every file that it left
is that of an undisturbed run on one rank, but for clocks (left.py).
"""

import os
import shutil
import signal
import subprocess

import harness  # tests/cli
import left
import photographs
from left import read_bytes, summary_of
from processes import Failure, Program, is_pending, send, wait_until

# docs/errors.md
OK, INVALID, DATA_LOSS, NOT_FOUND, FULL = 0, 64, 65, 66, 71
EXISTS, IO_ERROR, STOPPED, SUPERSEDED, NOT_PERMITTED, ENVIRONMENT = 73, 74, 75, 76, 77, 78

GONE_SECONDS = 10  # after a kill no process of the run may be left for longer
STEPS, EVERY = 40, 4  # of the recipes: steps in all, steps between checkpoints

COMMON = """\
data.dataset = "DATASET"
data.val = "test"
data.window_shards = 2
batch = { lanes = 8, lane_batch = 4 }
train = { epochs = 2, seed = 3 }
eval.batch = 8
checkpoint.every_steps = 4
"""
RECIPES = {
    "mlp": COMMON + """\
model.name = "mlp-784-128-64-10"
optimizer = { name = "adam", lr = 0.0005 }
augment.train = ["random-crop:28:pad=2", "hflip", "normalise"]
""",
    "convnet": COMMON + """\
model.name = "convnet-bn"
optimizer = { name = "sgd", lr = 0.005, momentum = 0.9, clip_norm = 2 }
""",
    "averages": COMMON.replace("seed = 3", "seed = 3, ema_decay = 0.9") + """\
model.name = "convnet-bn"
eval.weights = "ema"

[optimizer]
name = "lamb"
lr = 0.005
clip_norm = 2
groups = ["block1.*:unfreeze_epoch=1:lr_scale=0.5", "kind=norm:weight_decay=0"]
""",
    "photographs": COMMON.replace("DATASET", "PHOTOGRAPHS") + """model.name = "convnet-bn"
optimizer = { name = "sgd", lr = 0.005, momentum = 0.9 }

[augment]
train = ["random-resized-crop:16:scale=0.3,1", "hflip",
         "color-jitter:brightness=0.3:contrast=0.3:saturation=0.3:hue=0.1", "normalise"]
val = ["resize:18", "center-crop:16", "normalise"]
""",
}


class Suite:
    """What all cases share: the program, the dataset, recipes and references."""

    def __init__(self, program, seed):
        self.program, self.seed = program, seed
        self.folder = ""
        self.references = {}

    def make(self, folder):
        """Imports the datasets and makes the reference runs."""
        self.folder = folder
        harness.PROGRAM = self.program
        harness.TRAIN, harness.TEST = 640, 160
        harness.write_source(f"{self.folder}/source")
        photographs.write_source(f"{self.folder}/photographs",
                                 {"train": harness.TRAIN, "test": harness.TEST})
        self.make_dataset("idx", "source", "small.ldb")
        self.make_dataset("imagefolder", "photographs", "photographs.ldb")
        for name, text in RECIPES.items():
            with open(f"{self.folder}/{name}.toml", "w", encoding="utf8") as file:
                file.write(text.replace("DATASET", f"{self.folder}/small.ldb")
                           .replace("PHOTOGRAPHS", f"{self.folder}/photographs.ldb"))
            if self.reference(name).summary["step"] != STEPS:
                raise Failure(f"the reference has {self.reference(name).summary['step']} steps")

    def make_dataset(self, kind, source, dataset):
        done = subprocess.run(
            harness.command("data", "import", kind, source, "--out", dataset, "--shard-size", 32),
            cwd=self.folder, capture_output=True, text=True, timeout=harness.SECONDS)
        if done.returncode != 0:
            raise Failure(f"cannot import {source}: {done.stderr}")

    def reference(self, recipe, *arguments):
        """What an undisturbed run on one rank leaves; run once."""
        key = (recipe, *arguments)
        if key not in self.references:
            case = Case(self, f"{self.folder}/reference-{len(self.references)}", recipe=recipe)
            case.must_end(OK, case.train(1, *arguments))
            self.references[key] = left.Left(case.run)
        return self.references[key]


class Case:
    """The folder of one case; `run` is its run directory."""

    def __init__(self, suite, folder, recipe="mlp"):
        self.suite, self.folder, self.recipe = suite, folder, recipe
        self.run = f"{folder}/run"
        self.kills = 0
        self.gone = 0.0  # the longest time from a kill until no process was left
        self.notes = []  # for the line of this case
        self._commands = 0
        os.makedirs(folder, exist_ok=True)

    # --- starting

    def start(self, command, faults="", environment=None):
        """Any command, with the logs and the environment of this case."""
        self._commands += 1
        name = f"{self.folder}/{self._commands:02}-{os.path.basename(str(command[0]))}"
        return Program(command, self.folder, name, self.environment(faults, environment))

    def environment(self, faults="", more=None):
        names = ("OMPI_", "PMI", "SLURM_", "LOCKSTEP_")
        variables = {name: value for name, value in os.environ.items()
                     if not name.startswith(names)}
        variables |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                      # What a killed mpirun leaves is removed with the folder of the case.
                      "OMPI_MCA_orte_tmpdir_base": self._made("tmp"),
                      "OMPI_MCA_btl_vader_backing_directory": self._made("shm")}
        if faults:
            variables["LOCKSTEP_FAULTS"] = faults
        return variables | (more or {})

    def _made(self, name):
        path = f"{self.folder}/{name}"
        os.makedirs(path, exist_ok=True)
        return path

    def train_command(self, *arguments, run=None):
        return [self.suite.program, "train", f"{self.suite.folder}/{self.recipe}.toml", "--run",
                run or self.run, *arguments]

    def train(self, ranks, *arguments, faults="", environment=None, mpi=None, launch=()):
        """The run's command on so many ranks: alone for 1 (or mpi=False), else under mpirun."""
        command = self.train_command(*arguments)
        if mpi if mpi is not None else ranks > 1:
            mpirun = [*launch, "mpirun", "--oversubscribe", "--bind-to", "none", "-np", ranks]
            return self.start([*mpirun, *command], faults, environment)
        return self.start([*launch, *command, "--ranks", ranks], faults, environment)

    def coordinator(self, faults=""):
        """A started coordinator and the argument that sends ranks to it."""
        file = f"{self.folder}/coordinator-{self._commands}.json"
        program = self.start([self.suite.program, "coordinator", "--listen", "127.0.0.1:0",
                              "--file", file], faults)
        wait_until(lambda: os.path.exists(file) or program.ended(), 30, "no coordinator's file")
        if program.ended():
            raise Failure(f"the coordinator did not start: {program}")
        return program, ("--coordinator", file)

    # --- doing

    def must_end(self, codes, program, says=(), once=""):
        """Waits; the exit code is one of those documented, and it crashed nowhere. `once`: what
        exactly one rank says."""
        with program:
            code = program.wait()
            program.wait_gone(GONE_SECONDS)
        if once and program.err.count(once) != 1:
            raise Failure(f"'{once}' is said {program.err.count(once)} times: {program}")
        return self.check_ended(codes, program, says)

    def check_ended(self, codes, program, says=()):
        codes = (codes,) if isinstance(codes, int) else codes
        if program.code not in codes:
            raise Failure(f"exit code {program.code}, expected {' or '.join(map(str, codes))}: "
                          f"{program}")
        text = program.err + program.out
        if harness.CRASH.search(text):
            raise Failure(f"it crashed: {program}")
        for phrase in says:
            if phrase not in text:
                raise Failure(f"it does not say '{phrase}': {program}")
        return program

    def stop_with_signal(self, step, ranks=1, *arguments):
        """Runs until `step` steps are done, asks it to stop as a person does; exit code 75."""
        program = self.train(ranks, *arguments, faults=f"train.step:stop@{step}#0")
        with program:
            stopped = program.wait_stopped()
            send(program.pid, signal.SIGUSR1)
            if program.pid != stopped.pid:
                wait_until(lambda: is_pending(stopped.pid, signal.SIGUSR1), 30,
                           "mpirun does not forward SIGUSR1")
            send(stopped.pid, signal.SIGCONT)
            program.wait()
            program.wait_gone(GONE_SECONDS)
        self.check_ended(STOPPED, program)

    def expect_gone(self, program):
        """After a kill: within the limit no process of it is left."""
        gone = program.wait_gone(GONE_SECONDS)
        self.kills += 1
        self.gone = max(self.gone, gone)
        return gone

    def finishes(self, ranks, *arguments, says=(), mpi=None, like=()):
        """The oracle: the same command ends the run as if nothing had happened, and as an
        undisturbed run with the arguments `like` ends."""
        program = self.must_end(OK, self.train(ranks, *arguments, mpi=mpi), says)
        self.check_finished(program, like)
        return program

    # --- what must be true

    def check_finished(self, program=None, like=()):
        """The run is finished, equal to the reference, and nothing half-done lies in it."""
        after = f"; after: {program}" if program else ""
        found = left.difference(left.Left(self.run), self.suite.reference(self.recipe, *like))
        if found:
            raise Failure(found + after)
        for key, value in {"status": "finished", "exactly_once": True}.items():
            if summary_of(self.run).get(key) != value:
                raise Failure(f"summary.json: {key} is not {value!r}{after}")
        self.check_tidy(after)
        self.check_checkpoints()

    def check_digests(self, expected, after=""):
        found = left.difference_of_digests(read_bytes(f"{self.run}/digests.csv"), expected)
        if found:
            raise Failure(found + after)

    def check_tidy(self, after=""):
        """No temporary or thrown-away file."""
        left = []
        for folder in ("checkpoints", "generations"):
            left += [f"{folder}/{name}" for name in os.listdir(f"{self.run}/{folder}")
                     if name.startswith((".tmp-", ".trash-"))]
        left += [name for name in os.listdir(self.run) if ".tmp" in name]
        if left:
            raise Failure(f"left over in the run directory: {', '.join(left)}{after}")

    def check_checkpoints(self):
        """Every checkpoint there verifies, and there is one at least."""
        if not self.checkpoints():
            raise Failure("no checkpoint is there")
        self.must_end(OK, self.start([self.suite.program, "ckpt", "verify", self.run]))

    def checkpoints(self):
        """Names, the oldest first."""
        return left.checkpoints_of(self.run)

    def snapshot(self):
        """Every file of digests, summary and checkpoints with its bytes."""
        files = {}
        for name in ("digests.csv", "results.csv", "summary.json", "model.safetensors"):
            files[name] = read_bytes(f"{self.run}/{name}")
        for at, _, names in os.walk(f"{self.run}/checkpoints"):
            for name in names:
                path = os.path.join(at, name)
                files[os.path.relpath(path, self.run)] = read_bytes(path)
        return files

    def snapshot_of_everything(self):
        """Every file of the run directory with its bytes, but for the ledger's, which says nothing
        that the others do not."""
        return {os.path.relpath(os.path.join(at, name), self.run): read_bytes(f"{at}/{name}")
                for at, _, names in os.walk(self.run) for name in names
                if not at.startswith(f"{self.run}/ledger")}

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)
