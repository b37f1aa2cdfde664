# SPDX-License-Identifier: Apache-2.0
"""What compare_pytorch.py measures: programs that make training steps of one workload, all bound to
the same cores and given the same number of threads."""

import json
import os
import select
import subprocess
import tempfile
import time

from measure import Measurement, spread
from workloads import WORKLOADS, model_of

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 1800  # no single answer takes longer: torch.compile compiles before its first
STOP_SECONDS = 30  # for a process to end once its standard input has
FULL = ", nothing frozen"  # ends the name of ours where it trains what the workload freezes
LAST_LINES = 5  # of what a process said before it died
TICKS = os.sysconf("SC_CLK_TCK")


class ContenderFailure(Exception):
    """A contender that had begun to measure went wrong: the benchmark cannot go on."""


def busy_seconds(cores):
    """Time these cores have been at work since boot, for anyone, the hypervisor's share too."""
    total = 0
    with open("/proc/stat", encoding="utf8") as file:
        for line in file:
            name, *fields = line.split()
            if name.startswith("cpu") and name != "cpu" and int(name[3:]) in cores:
                user, nice, system, _idle, _wait, irq, softirq, steal = map(int, fields[:8])
                total += user + nice + system + irq + softirq + steal
    return total / TICKS


def cpu_seconds(pid):
    """Time a process has computed, all its threads."""
    with open(f"/proc/{pid}/stat", encoding="utf8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Contender:
    ours = full = False
    error = version = None
    lanes = threads = lane_batch = None  # of ours
    warmup_ms = 0.0

    def __init__(self, name, description, cores):
        self.name, self.description, self.cores = name, description, cores

    def bound(self):
        """For preexec_fn."""
        os.sched_setaffinity(0, self.cores)

    def start(self):
        """Sets `error` where it does not run here."""

    def stop(self):
        """Ends what start began."""

    def turn(self, steps, batch, foreign_limit):
        """Measures so many steps. What others computed meanwhile on its cores, as a share of them,
        disturbs it where it is above the limit."""
        raise NotImplementedError

    def measured(self, ms, batch, resident, others, wall, foreign_limit):
        foreign = others / (wall * len(self.cores)) if wall > 0 else 0.0
        disturbances = []
        if foreign > foreign_limit:
            disturbances.append(f"others took {100 * foreign:.0f} % of the cores")
        step = spread(ms)["median"]
        return Measurement(1e3 * batch / step, disturbances, step_ms=step, all_ms=ms,
                           resident_bytes=resident)


class PyTorch(Contender):
    """A process that stays, with the model warm in it."""

    seconds = SECONDS

    def __init__(self, name, python, workload, layout, mode, threads, batch, cores, warmup,
                 environment):
        super().__init__(name, f"{mode}, {layout}", cores)
        self.command = [python, "-B", os.path.join(HERE, "torch_step.py"), workload, layout, mode,
                        str(threads), str(batch), str(warmup)]
        self.environment = environment
        self.process = None

    def start(self):
        self.said = tempfile.TemporaryFile()  # a pipe that nobody reads would fill up
        self.unread = b""
        self.process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.said,
            bufsize=0, env=self.environment, preexec_fn=self.bound)
        ready = self.answer()
        if "error" in ready:
            self.error = ready["error"]
            self.stop()
            return
        self.version = f"PyTorch {ready['version']}"
        self.warmup_ms = ready["warmup_ms"]
        self.parameters = ready["parameters"]

    def answer(self):
        """The next line of the process, or {"error": why there is none}."""
        deadline = time.monotonic() + self.seconds
        while b"\n" not in self.unread:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                self.process.kill()
                return {"error": f"gave no answer within {self.seconds} s{self.last_lines()}"}
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                return {"error": f"ended with {self.code()}{self.last_lines()}"}
            self.unread += more
        line, _, self.unread = self.unread.partition(b"\n")
        try:
            return json.loads(line)
        except ValueError:
            return {"error": f"answered {line[:200]!r}; expected a line of JSON"}

    def code(self):
        """The exit code of a process that has closed its output."""
        try:
            return self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def last_lines(self):
        """What the process said last, in one line."""
        self.said.seek(0)
        lines = self.said.read().decode(errors="replace").split("\n")
        last = [line.strip() for line in lines if line.strip()][-LAST_LINES:]
        return f"; it said last: {' / '.join(last)}" if last else "; it said nothing"

    def turn(self, steps, batch, foreign_limit):
        own, busy = cpu_seconds(self.process.pid), busy_seconds(self.cores)
        try:
            self.process.stdin.write(f"{steps}\n".encode())
            answer = self.answer()
        except BrokenPipeError:
            answer = {"error": f"ended with {self.code()}{self.last_lines()}"}
        if "error" in answer:
            raise ContenderFailure(f"{self.name}: {answer['error']}")
        own, busy = cpu_seconds(self.process.pid) - own, busy_seconds(self.cores) - busy
        return self.measured(answer["ms"], batch, answer["resident_bytes"], busy - own,
                             sum(answer["ms"]) / 1e3, foreign_limit)

    def stop(self):
        if self.process is None:
            return
        self.process.stdin.close()
        self.code()
        self.process.stdout.close()
        self.said.close()
        self.process = None


class Lockstep(Contender):
    """`lockstep bench step`, a new process each turn. With `full` it trains what the workload
    freezes."""

    ours = True

    def __init__(self, program, workload, lanes, threads, batch, cores, warmup, kernels,
                 full=False):
        name = f"lockstep V={lanes} T={threads} lane_batch={batch // lanes}"
        super().__init__(name + FULL if full else name, f"kernels {kernels}", cores)
        self.full = full
        self.lanes, self.threads, self.lane_batch = lanes, threads, batch // lanes
        size = WORKLOADS[workload]
        self.command = [program, "bench", "step", "--model", model_of(workload), "--image", size.image,
                        "--classes", str(size.classes), "--lanes", str(lanes), "--lane-batch",
                        str(batch // lanes), "--threads", str(threads), "--kernels", kernels,
                        "--warmup", str(warmup)]
        if size.freeze and not full:
            self.command += ["--freeze", *size.freeze]

    def run(self, steps):
        """The figures, the process's own CPU seconds, what it said."""
        with tempfile.TemporaryDirectory(prefix="lockstep-perf-") as folder:
            path = f"{folder}/step.json"
            before = os.times()
            done = subprocess.run([*self.command, "--steps", str(steps), "--json", path],
                                  capture_output=True, text=True, timeout=SECONDS, check=False,
                                  preexec_fn=self.bound)
            after = os.times()
            own = (after.children_user - before.children_user +
                   after.children_system - before.children_system)
            wall = after.elapsed - before.elapsed
            if done.returncode != 0:
                said = done.stderr.strip().removeprefix("lockstep: error: ")
                return None, own, wall, said or f"ended with {done.returncode}; it said nothing"
            with open(path, encoding="utf8") as file:
                return json.load(file), own, wall, ""

    def start(self):
        figures, _, _, said = self.run(1)
        if figures is None:
            self.error = said
            return
        self.version = f"lockstep {figures['version']}"
        self.warmup_ms = figures["warmup_ms"]
        self.parameters = figures["parameters"]
        self.description += f" on {figures['isa']}"

    def turn(self, steps, batch, foreign_limit):
        busy = busy_seconds(self.cores)
        figures, own, wall, said = self.run(steps)
        if figures is None:
            raise ContenderFailure(f"{self.name}: {said}")
        busy = busy_seconds(self.cores) - busy
        return self.measured(figures["step_ms"]["all"], batch,
                             figures["memory"]["resident_above_start_bytes"], busy - own, wall,
                             foreign_limit)
