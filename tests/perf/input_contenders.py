# SPDX-License-Identifier: Apache-2.0
"""What compare_input.py measures: programs that make batches of images, bound to as many cores as
they have threads or workers."""

import json
import os
import subprocess
import tempfile

import contenders
from contenders import ContenderFailure, busy_seconds
from input_workloads import BATCH, LANES, WORKLOADS
from measure import Measurement


def family_seconds(pid):
    """Time a process has computed, and the processes that it has waited for."""
    with open(f"/proc/{pid}/stat", encoding="utf8") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / contenders.TICKS


def measurement(rate, others, wall, cores, foreign_limit, **details):
    """A turn's Measurement; what others computed on its cores disturbs it above the limit."""
    foreign = others / (wall * len(cores)) if wall > 0 else 0.0
    disturbances = []
    if foreign > foreign_limit:
        disturbances.append(f"others took {100 * foreign:.0f} % of the cores")
    return Measurement(rate, disturbances, foreign=foreign, **details)


class PyTorch(contenders.PyTorch):
    """A process that stays; its workers are new in each turn."""

    def __init__(self, name, python, folder, workload, decoder, cores, environment):
        contenders.Contender.__init__(self, name, f"decoder {decoder}", cores)
        self.workers = WORKLOADS[workload].threads
        self.command = [python, "-B", os.path.join(contenders.HERE, "torch_input.py"), folder,
                        workload, decoder, str(self.workers), str(BATCH)]
        self.environment = environment
        self.process = None

    def turn(self, seconds, _batch, foreign_limit):
        pid, began = self.process.pid, os.times().elapsed
        own, busy = family_seconds(pid), busy_seconds(self.cores)
        try:
            self.process.stdin.write(f"{seconds}\n".encode())
            answer = self.answer()
        except BrokenPipeError:
            answer = {"error": f"ended with {self.code()}{self.last_lines()}"}
        if "error" in answer:
            raise ContenderFailure(f"{self.name}: {answer['error']}")
        own, busy = family_seconds(pid) - own, busy_seconds(self.cores) - busy
        # The first batch is made too, and the one that each worker was at when the turn ended.
        made = answer["images"] + BATCH * (1 + self.workers)
        return measurement(answer["images"] / answer["seconds"], busy - own,
                           os.times().elapsed - began, self.cores, foreign_limit,
                           cpu_ms=1e3 * own / made, first_batch_ms=answer["first_batch_ms"],
                           open_ms=answer["open_ms"])


class Lockstep(contenders.Contender):
    """`lockstep bench input`, a new process each turn."""

    ours = True

    def __init__(self, program, recipe, workload, cores, augment=None):
        super().__init__("lockstep", "lockstep bench input", cores)
        self.command = [program, "bench", "input", recipe, "--threads",
                        str(WORKLOADS[workload].threads)]
        if augment:
            self.command.append(f"augment.train={json.dumps(augment)}")

    def run(self, seconds):
        """The figures, the process's own CPU seconds, how long it took."""
        with tempfile.TemporaryDirectory(prefix="lockstep-perf-") as folder:
            path = f"{folder}/input.json"
            before = os.times()
            done = subprocess.run([*self.command, "--seconds", str(seconds), "--json", path],
                                  capture_output=True, text=True, timeout=contenders.SECONDS,
                                  check=False, preexec_fn=self.bound)
            after = os.times()
            if done.returncode != 0:
                said = done.stderr.strip() or f"ended with {done.returncode}; it said nothing"
                raise ContenderFailure(f"{self.name}: {said}")
            with open(path, encoding="utf8") as file:
                figures = json.load(file)
        own = (after.children_user - before.children_user +
               after.children_system - before.children_system)
        return figures, own, after.elapsed - before.elapsed

    def start(self):
        figures, _, _ = self.run(0.1)
        self.version = f"lockstep {figures['version']}"
        self.warmup_ms = figures["first_batch_ms"]
        self.parameters = figures["samples"]

    def turn(self, seconds, _batch, foreign_limit):
        busy = busy_seconds(self.cores)
        figures, own, wall = self.run(seconds)
        busy = busy_seconds(self.cores) - busy
        return measurement(figures["images_per_second"], busy - own, wall, self.cores,
                           foreign_limit, cpu_ms=1e3 * own / figures["images"],
                           first_batch_ms=figures["first_batch_ms"],
                           thread_ms=figures["thread_ms_per_image"])


def recipe(dataset, augment):
    """A recipe of the workload's batches. Its model is never made."""
    return (f"data = {{ dataset = {json.dumps(dataset)}, val = \"\" }}\n"
            "model.name = \"convnet-bn\"\n"
            f"batch = {{ lanes = {LANES}, lane_batch = {BATCH // LANES} }}\n"
            f"augment.train = {json.dumps(list(augment))}\n")
