# SPDX-License-Identifier: Apache-2.0
"""The same `train` line under srun, with SLURM daemons that this test starts for itself."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import harness  # noqa: E402
from harness import STOPPED  # noqa: E402

PROGRAMS = ("srun", "sbatch", "slurmctld", "slurmd", "munged", "scancel", "scontrol", "sinfo")
DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/slurm.md")
NO_ENVIRONMENT = 78  # docs/errors.md
SECONDS = 60

CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
ReturnToService=2
SlurmctldPort={controller_port}
SlurmdPort={node_port}
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} State=UNKNOWN
PartitionName=test Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:8
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {SECONDS} s")
        time.sleep(0.1)


class SrunTest(harness.CliTest):
    @classmethod
    def setUpClass(cls):
        missing = [name for name in PROGRAMS if shutil.which(name) is None]
        if missing:
            raise unittest.SkipTest(f"not installed: {', '.join(missing)} "
                                    "(apt-get install slurm-wlm munge)")
        if os.geteuid() != 0:
            raise unittest.SkipTest("SLURM's daemons need root")
        super().setUpClass()
        cls.start_slurm()

    @classmethod
    def start_slurm(cls):
        folder = tempfile.mkdtemp(prefix="lockstep-slurm-")
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        for name in ("state", "spool"):
            os.makedirs(f"{folder}/{name}")
        with open(f"{folder}/munge.key", "wb") as key:
            os.fchmod(key.fileno(), 0o400)
            key.write(os.urandom(128))
        harness.write_file(f"{folder}/slurm.conf", CONFIGURATION.format(
            host=socket.gethostname().split(".")[0], folder=folder, cores=os.cpu_count(),
            controller_port=free_port(), node_port=free_port()))
        cls.environment = dict(os.environ, SLURM_CONF=f"{folder}/slurm.conf")
        cls.daemon("munged", "--foreground", "--force", f"--socket={folder}/munge.socket",
                   f"--key-file={folder}/munge.key", f"--pid-file={folder}/munge.pid",
                   f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed")
        wait_for("munged's socket", lambda: os.path.exists(f"{folder}/munge.socket"))
        cls.daemon("slurmctld", "-D")
        cls.daemon("slurmd", "-D", "-N", socket.gethostname().split(".")[0])
        wait_for("an idle node", lambda: "idle" in subprocess.run(
            ["sinfo", "-h", "-o", "%T"], env=cls.environment, capture_output=True,
            text=True).stdout)

    @classmethod
    def daemon(cls, *command):
        process = subprocess.Popen(command, env=cls.environment, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)

        def end():
            try:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(timeout=5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                process.kill()
                process.wait()
        cls.addClassCleanup(end)

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
            job = self.srun("--mpi=pmix", "-O", "-n", str(ranks),
                            *harness.command("train", "recipe.toml", "--run", f"srun{ranks}"))
            out = self.text_of(job)
            self.assertEqual(job.returncode, 0, out)
            self.assertEqual(harness.read_text(self.path(f"srun{ranks}/digests.csv")),
                             harness.read_text(self.path("one/digests.csv")))

    def test_single_processes_are_refused_with_the_fix(self):
        job = self.srun("--mpi=none", "-O", "-n", "2",
                        *harness.command("train", "recipe.toml", "--run", "none"))
        out = self.text_of(job)
        self.assertEqual(job.returncode, NO_ENVIRONMENT, out)
        self.assertIn("srun started 2 tasks", out)
        self.assertIn("srun --mpi=pmix", out)
        self.assertFalse(os.path.exists(self.path("none")))

    def test_a_signal_by_scancel_stops_after_a_checkpoint_and_srun_goes_on(self):
        line = ["--mpi=pmix", "-O", "-n", "2", "--job-name=stop",
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

    def script_of_the_document(self, steps):
        """The lines of docs/slurm.md, for the recipe here and this program."""
        script = re.search(r"(?s)```sh\n(.*?)```", harness.read_text(DOCUMENT))[1]
        self.assertEqual(script.count("\n"), 8, "it says eight lines")
        train = " ".join(harness.command("train", "recipe.toml", "train.epochs=100000",
                                         f"train.max_steps={steps}"))
        for old, new in (("lockstep train RECIPE", train), ("--ntasks=4", "--ntasks=2"),
                         ("--cpus-per-task=2", "--cpus-per-task=1")):
            self.assertIn(old, script)
            script = script.replace(old, new)
        return script

    def control(self, *arguments):
        done = subprocess.run(arguments, cwd=self.folder, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout

    def state_of(self, job):
        return re.search(r"JobState=(\w+)", self.control("scontrol", "show", "job", job))[1]

    def test_the_documented_script_is_queued_again_until_its_run_is_finished(self):
        harness.write_file(self.path("train.sh"), self.script_of_the_document(steps=100000))
        job = self.control("sbatch", "--parsable", "--output=job.txt", "train.sh").strip()
        digests = self.path("runs/a/digests.csv")
        wait_for("a first step", lambda: os.path.exists(digests) and
                 harness.read_text(digests).count("\n") > 3)
        self.control("scancel", "--signal=USR1", job)
        wait_for("the job in the queue again", lambda: self.state_of(job) == "PENDING")
        steps = harness.read_text(digests).count("\n") - 1
        self.assertIn("stopped on request", harness.read_text(self.path("job.txt")))

        def goes_on():
            # SLURM puts the start off by two minutes once the last process of the job has ended.
            if self.state_of(job) == "PENDING":
                self.control("scontrol", "update", f"JobId={job}", "StartTime=now")
            return (f"going on from checkpoint b01-s{steps:010}"
                    in harness.read_text(self.path("job.txt")))
        wait_for("the run that goes on", goes_on)
        wait_for("a step more", lambda: harness.read_text(digests).count("\n") > steps + 2)
        self.control("scancel", job)
        wait_for("its end", lambda: self.state_of(job) == "CANCELLED" and "running" not in
                 self.succeeds("ckpt", "ls", "runs/a").out)
        steps = harness.read_text(digests).count("\n") - 1
        # The same run, with an end that is near.
        harness.write_file(self.path("train.sh"), self.script_of_the_document(steps=steps + 3))
        job = self.control("sbatch", "--parsable", "--output=end.txt", "train.sh").strip()
        wait_for("the end", lambda: self.state_of(job) in ("COMPLETED", "FAILED"))
        said = harness.read_text(self.path("end.txt"))
        self.assertEqual(self.state_of(job), "COMPLETED", said)
        self.assertIn(f"going on from checkpoint b01-s{steps:010}", said)


if __name__ == "__main__":
    harness.main()
