# SPDX-License-Identifier: Apache-2.0
"""SLURM on this machine alone: munged, slurmctld and one slurmd for each virtual node, with
everything they write in one temporary folder. They end with whoever started them.

Needs root, and Debian's packages slurm-wlm, slurm-wlm-basic-plugins and munge. No systemd, no
control groups, no accounting.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROGRAMS = ("srun", "sbatch", "slurmctld", "slurmd", "munged", "scancel", "scontrol", "sinfo",
            "squeue")
SECONDS = 90  # for anything that is waited for
NODES = ("a", "b")
CORES = 2  # of each node, whatever the machine has
KILL_WAIT = 6  # seconds from SIGTERM to SIGKILL

# A job of the partition "high" takes the nodes of one of "low", which is queued again.
CONFIGURATION = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
ReturnToService=2
KillWait={kill_wait}
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SchedulerParameters=sched_interval=1,sched_min_interval=0,bf_interval=1
GresTypes=gpu
SlurmctldPort={controller_port}
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cores} Gres=gpu:1\n"
PARTITIONS = """\
PartitionName=low Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1 \
OverSubscribe={oversubscribe}
PartitionName=high Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10
"""


def missing():
    """Why there can be no daemons here; "" where there can."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"not installed: {', '.join(absent)} (scripts/setup.sh test)"
    return "" if os.geteuid() == 0 else "SLURM's daemons need root"


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_for(what, condition, seconds=SECONDS):
    """The condition's first true value; `what` may be a function that says more."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what() if callable(what) else what}: not within {seconds} s")
        time.sleep(0.1)


class Daemons:
    """Use with `with`: they are up inside of it. `environment` is that of SLURM's commands."""

    def __init__(self, oversubscribe="NO"):
        self.folder = tempfile.mkdtemp(prefix="lockstep-slurm-")
        self.oversubscribe = oversubscribe
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("SLURM", "SBATCH", "OMPI_", "PMI"))}
        self.environment |= {"SLURM_CONF": f"{self.folder}/slurm.conf",
                             "OMPI_ALLOW_RUN_AS_ROOT": "1",
                             "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        self.processes = []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def write(self, name, text):
        with open(f"{self.folder}/{name}", "w", encoding="utf8") as file:
            file.write(text)

    def configure(self):
        for name in ("state", *(f"spool-{node}" for node in NODES)):
            shutil.rmtree(f"{self.folder}/{name}", ignore_errors=True)
            os.makedirs(f"{self.folder}/{name}")
        with open(f"{self.folder}/munge.key", "wb") as key:
            os.fchmod(key.fileno(), 0o400)
            key.write(os.urandom(128))
        host = socket.gethostname().split(".")[0]
        controller, *ports = free_ports(1 + len(NODES))
        text = CONFIGURATION.format(host=host, folder=self.folder, kill_wait=KILL_WAIT,
                                    controller_port=controller)
        for name, port in zip(NODES, ports):
            text += NODE.format(name=name, host=host, port=port, cores=CORES)
        self.write("slurm.conf", text + PARTITIONS.format(oversubscribe=self.oversubscribe))
        # Any device file will do: what is tested is the script, not the device.
        self.write("gres.conf", "Name=gpu File=/dev/null\n")

    def start(self):
        try:
            self.start_once()
        except AssertionError as failure:
            # Another program may have taken a port since it was found free.
            print(f"SLURM's daemons are started once more, on other ports: {failure}",
                  file=sys.stderr)
            self.end_daemons()
            self.start_once()

    def start_once(self):
        self.configure()
        folder = self.folder
        if os.path.exists(f"{folder}/munge.socket"):
            os.remove(f"{folder}/munge.socket")
        self.launch("munged", "--foreground", "--force", f"--socket={folder}/munge.socket",
                    f"--key-file={folder}/munge.key", f"--pid-file={folder}/munge.pid",
                    f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed")
        wait_for("munged's socket", lambda: self.check_alive() and
                 os.path.exists(f"{folder}/munge.socket"))
        self.launch("slurmctld", "-D")
        for node in NODES:
            self.launch("slurmd", "-D", "-N", node)
        wait_for(lambda: f"idle nodes ({self.logs()})", lambda: self.check_alive() and
                 self.idle_nodes() == len(NODES))

    def check_alive(self):
        """True; who waits for the daemons is told at once where one of them has ended."""
        for process in self.processes:
            if process.poll() is not None:
                raise AssertionError(f"{process.args[0]} has ended with {process.returncode}: "
                                     f"{self.logs()}")
        return True

    def launch(self, *command):
        self.processes.append(subprocess.Popen(
            command, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True))

    def idle_nodes(self):
        said = subprocess.run(["sinfo", "-h", "-N", "-p", "low", "-o", "%T"], text=True,
                              env=self.environment, capture_output=True, check=False)
        return said.stdout.split().count("idle")

    def logs(self):
        text = ""
        for name in ("slurmctld.log", *(f"slurmd-{node}.log" for node in NODES)):
            if os.path.exists(f"{self.folder}/{name}"):
                with open(f"{self.folder}/{name}", encoding="utf8", errors="replace") as file:
                    text += f"--- {name}\n" + "".join(file.readlines()[-20:])
        return text

    def control(self, *arguments, cwd=None, given=None):
        """Output of one of SLURM's commands, which must succeed."""
        done = subprocess.run(list(map(str, arguments)), cwd=cwd, env=self.environment, text=True,
                              input=given if given is not None else "", capture_output=True,
                              timeout=SECONDS, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def stop(self):
        """Ends all jobs, then the daemons; none of their processes outlives this."""
        if len(self.processes) > 1 and self.processes[1].poll() is None:
            subprocess.run(["scancel", "--user=root", "--signal=KILL", "--full"],
                           env=self.environment, capture_output=True, check=False)
            subprocess.run(["scancel", "--user=root"], env=self.environment, capture_output=True,
                           check=False)
            end = time.monotonic() + 2 * KILL_WAIT
            while self.jobs() and time.monotonic() < end:
                time.sleep(0.1)
        self.end_daemons()
        shutil.rmtree(self.folder, ignore_errors=True)

    def end_daemons(self):
        for process in reversed(self.processes):
            try:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait(timeout=10)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                process.kill()
                process.wait(timeout=SECONDS)
        self.processes = []

    def jobs(self):
        said = subprocess.run(["squeue", "-h", "-o", "%i"], env=self.environment, text=True,
                              capture_output=True, check=False)
        return said.stdout.split()
