#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Measures a training step of ours (`lockstep bench step`) beside PyTorch's, in turns on the same cores.

Examples:
  tests/perf/compare_pytorch.py build/release/cluster/lockstep
  tests/perf/compare_pytorch.py build/release/cluster/lockstep --only lenet5 --no-newest
  tests/perf/compare_pytorch.py build/release/cluster/lockstep --only resnet50 --batch 16 --rounds 9

PyTorch is the newest of the package index, in an environment that is made below the build folder
(5.4 GB), and Debian's, where it is installed. The exit code is 0 where the benchmark itself worked,
whoever was faster.
"""

import argparse
import datetime
import json
import os
import shlex
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

import contenders  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402
import torch_environment  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

DEBIAN_PYTHON = "/usr/bin/python3"


def count(text):
    """An argument that counts something."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"'{text}'; expected an integer, at least 1")
    return value


def parse_arguments(words=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="PROGRAM", help="the lockstep program, release build")
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--batch", type=count, help="images of a step, instead of each workload's")
    parser.add_argument("--steps", type=count, help="steps of a turn, instead of each workload's")
    parser.add_argument("--rounds", type=count, default=7)
    parser.add_argument("--warmup", type=count, default=3, help="steps before those that count")
    parser.add_argument("--cores", type=count, help="use the first so many of the affinity mask")
    parser.add_argument("--kernels", default="auto", choices=("auto", "reference"))
    parser.add_argument("--no-newest", action="store_true", help="leave out the newest PyTorch")
    parser.add_argument("--no-debian", action="store_true", help="leave out Debian's PyTorch")
    parser.add_argument("--no-compile", action="store_true", help="leave out torch.compile")
    parser.add_argument("--environment", metavar="DIR",
                        help="of the newest PyTorch; default: perf/pytorch in the build folder")
    parser.add_argument("--limit", type=float, default=1.10,
                        help="slowdown of fixed arithmetic that voids a turn (%(default)s)")
    parser.add_argument("--foreign", type=float, default=0.05,
                        help="share of the cores taken by others that voids it (%(default)s)")
    parser.add_argument("--attempts", type=count, default=20, help="at a turn, until undisturbed")
    parser.add_argument("--pause", type=float, default=3.0,
                        help="seconds before another attempt (%(default)s)")
    parser.add_argument("--keep-disturbed", action="store_true",
                        help="count every turn: to try the benchmark out, not for figures")
    parser.add_argument("--json", metavar="FILE", help="write the report here")
    parser.add_argument("--markdown", metavar="FILE", help="and the tables here")
    arguments = parser.parse_args(words)
    if arguments.pause < 0:
        parser.error(f"--pause is {arguments.pause}; expected seconds, at least 0")
    if not os.access(arguments.program, os.X_OK):
        parser.error(f"{arguments.program} is not a program; build it: cmake --build --preset "
                     "release --target lockstep")
    arguments.program = os.path.abspath(arguments.program)
    return arguments


def say(text):
    print(text, file=sys.stderr, flush=True)


def cpu_name():
    with open("/proc/cpuinfo", encoding="utf8") as file:
        facts = {}
        for line in file:
            name, _, value = line.partition(":")
            facts.setdefault(name.strip(), value.strip())
    return (f"{facts.get('model name', 'unknown CPU')} (family {facts.get('cpu family', '?')}, "
            f"model {facts.get('model', '?')})")


def newest_environment():
    """A wheel brings its own libraries: what is set for the system's OpenBLAS is not for it."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}


def pythons(arguments):
    """(name, interpreter, environment, modes) of each PyTorch."""
    found = []
    if not arguments.no_newest:
        build = os.path.dirname(os.path.dirname(os.path.dirname(arguments.program)))
        folder = arguments.environment or os.path.join(build, "perf", "pytorch")
        python = torch_environment.make(os.path.abspath(folder), say)
        modes = ["eager"] if arguments.no_compile else ["eager", "compile"]
        found.append(("newest", python, newest_environment(), modes))
    if not arguments.no_debian:
        if torch_environment.works(DEBIAN_PYTHON):
            found.append(("Debian", DEBIAN_PYTHON, dict(os.environ), ["eager"]))
        else:
            say("left out: Debian's PyTorch (apt-get install python3-torch python3-torchvision)")
    return found


def contenders_of(workload, batch, cores, arguments, interpreters):
    threads = len(cores)
    every = []
    for lanes in sorted({1, threads}):
        if batch % lanes == 0:
            for full in (False, True) if WORKLOADS[workload].freeze else (False,):
                every.append(contenders.Lockstep(
                    arguments.program, workload, lanes, threads // lanes, batch, cores,
                    arguments.warmup, arguments.kernels, full))
    for name, python, environment, modes in interpreters:
        for mode in modes:
            for layout in ("contiguous", "channels_last"):
                every.append(contenders.PyTorch(
                    f"{name} {mode} {layout}", python, workload, layout, mode, threads, batch,
                    cores, arguments.warmup, environment))
    return every


def check_any_runs(workload, every):
    if all(c.error for c in every):
        reasons = "".join(f"\n  {c.name}: {c.error}" for c in every)
        raise contenders.ContenderFailure(
            f"{workload}: no contender runs; mend one of these, or choose another workload with "
            f"--only or another --batch:{reasons}")


def check_same_network(workload, running):
    counts = {c.name: c.parameters for c in running}
    if len(set(counts.values())) > 1:
        raise contenders.ContenderFailure(f"{workload} is not the same network: {counts}")


def measure_rounds(running, steps, batch, cores, arguments):
    calibration = measure.Calibration(cores)
    for _ in range(10):  # finds the best
        calibration.slowdown()
    foreign = float("inf") if arguments.keep_disturbed else arguments.foreign
    limit = float("inf") if arguments.keep_disturbed else arguments.limit
    by_name = {c.name: c for c in running}
    rounds = []
    for number in range(arguments.rounds):
        rounds.append({})
        for name in measure.order_of_round(list(by_name), number):
            turn = measure.undisturbed(lambda: by_name[name].turn(steps, batch, foreign),
                                       calibration.slowdown, arguments.attempts, limit,
                                       lambda: time.sleep(arguments.pause))
            rounds[-1][name] = turn
            note = f"; void: {', '.join(turn.disturbances)}" if turn.disturbances else ""
            say(f"  round {number + 1}, {name}: {turn.rate:.1f} images a second{note}")
    return rounds


def measure_workload(workload, cores, arguments, interpreters):
    batch = arguments.batch or WORKLOADS[workload].batch
    steps = arguments.steps or WORKLOADS[workload].steps
    say(f"{workload}, batch {batch}")
    every = contenders_of(workload, batch, cores, arguments, interpreters)
    try:
        for contender in every:
            contender.start()
            say(f"  {contender.name}: " + (f"does not run: {contender.error}" if contender.error
                                           else f"warm after {contender.warmup_ms / 1e3:.1f} s"))
        check_any_runs(workload, every)
        running = [c for c in every if not c.error]
        check_same_network(workload, running)
        rounds = measure_rounds(running, steps, batch, cores, arguments)
    finally:
        for contender in every:
            contender.stop()
    return report.compare(workload, batch, every, rounds)


def main(words=None):
    arguments = parse_arguments(words)
    cores = set(sorted(os.sched_getaffinity(0))[:arguments.cores])
    # The OpenMP of every contender starts as many threads; each says it again by its own means.
    os.environ["OMP_NUM_THREADS"] = str(len(cores))
    try:
        interpreters = pythons(arguments)
        parts = [measure_workload(workload, cores, arguments, interpreters)
                 for workload in arguments.only]
    except (contenders.ContenderFailure, torch_environment.EnvironmentFailure,
            subprocess.TimeoutExpired) as failure:
        say(f"the benchmark failed: {failure}")
        return 1
    versions = sorted({one["version"] for part in parts for one in part["contenders"]
                       if one["version"]})
    words = sys.argv[1:] if words is None else words
    whole = {
        "command": shlex.join(["tests/perf/compare_pytorch.py", *words]),
        "date": datetime.date.today().isoformat(),
        "machine": {"cpu": cpu_name(), "cores": ",".join(map(str, sorted(cores))),
                    "online": os.cpu_count()},
        "threads": len(cores), "rounds": arguments.rounds, "versions": versions,
        "keep_disturbed": arguments.keep_disturbed, "workloads": parts}
    text = report.markdown(whole)
    print(text)
    for path, content in ((arguments.json, json.dumps(whole, indent=2) + "\n"),
                          (arguments.markdown, text)):
        if path:
            with open(path, "w", encoding="utf8") as file:
                file.write(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
