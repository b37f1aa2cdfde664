#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Measures the input of training (`lockstep bench input`) beside PyTorch's ImageFolder and
DataLoader, in turns on the same cores, and how long importing and opening a dataset take.

Examples:
  tests/perf/compare_input.py build/release/cluster/lockstep --cifar cifar10-imagefolder.tar.gz
  tests/perf/compare_input.py build/release/cluster/lockstep --photos VOC2012.tar --rounds 9

--cifar wants SPLIT/CLASS/NAME.jpg with a split train; of --photos every JPEG file is taken. Each is
a folder or an archive. The exit code is 0 where the benchmark itself worked, whoever was faster.
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

import compare_pytorch  # noqa: E402
import contenders  # noqa: E402
import input_contenders  # noqa: E402
import input_report  # noqa: E402
import input_sources  # noqa: E402
import measure  # noqa: E402
import torch_environment  # noqa: E402
from compare_pytorch import count, say  # noqa: E402
from input_workloads import WORKLOADS  # noqa: E402


def parse_arguments(words=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="PROGRAM", help="the lockstep program, release build")
    parser.add_argument("--cifar", metavar="PATH", help="small images: CIFAR-10 as JPEG files")
    parser.add_argument("--photos", metavar="PATH", help="photographs as JPEG files")
    parser.add_argument("--scratch", metavar="DIR",
                        help="for images and datasets; default: perf/input in the build folder")
    parser.add_argument("--rounds", type=count, default=5,
                        help="that count, after one that does not (%(default)s)")
    parser.add_argument("--seconds", type=float, default=8.0,
                        help="of a turn, from its first batch on (%(default)s)")
    parser.add_argument("--debian", action="store_true",
                        help="Debian's PyTorch instead of the newest of the package index")
    parser.add_argument("--environment", metavar="DIR",
                        help="of the newest PyTorch; default: perf/pytorch in the build folder")
    parser.add_argument("--limit", type=float, default=1.15,
                        help="slowdown of fixed arithmetic that voids a turn (%(default)s)")
    parser.add_argument("--foreign", type=float, default=0.05,
                        help="share of the cores taken by others that voids it (%(default)s)")
    parser.add_argument("--attempts", type=count, default=2, help="at a turn, until undisturbed")
    parser.add_argument("--pause", type=float, default=2.0,
                        help="seconds before another attempt (%(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write the report here")
    parser.add_argument("--markdown", metavar="FILE", help="and the tables here")
    arguments = parser.parse_args(words)
    if not os.access(arguments.program, os.X_OK):
        parser.error(f"{arguments.program} is not a program; build it: cmake --build --preset "
                     "release --target lockstep")
    if not arguments.cifar and not arguments.photos:
        parser.error("nothing to measure; give --cifar, --photos or both")
    arguments.program = os.path.abspath(arguments.program)
    arguments.keep_disturbed = False
    arguments.build = os.path.dirname(os.path.dirname(os.path.dirname(arguments.program)))
    arguments.scratch = os.path.abspath(
        arguments.scratch or os.path.join(arguments.build, "perf", "input"))
    return arguments


def pytorch(arguments):
    """Name, interpreter and environment variables of PyTorch."""
    if arguments.debian:
        if not torch_environment.works(compare_pytorch.DEBIAN_PYTHON):
            raise torch_environment.EnvironmentFailure(
                "Debian's PyTorch is missing; apt-get install python3-torch python3-torchvision")
        return "Debian", compare_pytorch.DEBIAN_PYTHON, dict(os.environ)
    folder = arguments.environment or os.path.join(arguments.build, "perf", "pytorch")
    return ("newest", torch_environment.make(os.path.abspath(folder), say),
            compare_pytorch.newest_environment())


def run(command, cores):
    """Seconds that a command took, and seconds that it computed."""
    began, before = time.perf_counter(), os.times()
    done = subprocess.run(command, capture_output=True, text=True, timeout=contenders.SECONDS,
                          check=False, preexec_fn=lambda: os.sched_setaffinity(0, cores))
    if done.returncode != 0:
        raise contenders.ContenderFailure(f"{shlex.join(command)}: {done.stderr.strip()}")
    seconds, after = time.perf_counter() - began, os.times()
    return seconds, (after.children_user - before.children_user +
                     after.children_system - before.children_system)


def write_recipe(arguments, name, dataset, augment):
    path = os.path.join(arguments.scratch, f"{name}.toml")
    with open(path, "w", encoding="utf8") as file:
        file.write(input_contenders.recipe(dataset, augment))
    return path


def import_command(arguments, source, dataset, threads):
    return [arguments.program, "data", "import", "imagefolder", source, "--out", dataset,
            "--replace", "--threads", str(threads)]


def dataset_of(arguments, name):
    return os.path.join(arguments.scratch, f"{name}.ldb")


def measure_workload(name, folder, cores, arguments, peer):
    workload = WORKLOADS[name]
    say(f"{name}, {workload.threads} threads")
    bound = set(sorted(cores)[:workload.threads])
    run(import_command(arguments, folder, dataset_of(arguments, name), len(cores)), cores)
    recipe = write_recipe(arguments, name, dataset_of(arguments, name), workload.augment)
    every = [input_contenders.Lockstep(arguments.program, recipe, name, bound)]
    peer_name, python, environment = peer
    every += [input_contenders.PyTorch(f"{peer_name} {decoder}", python,
                                       input_sources.train_folder(folder), name, decoder, bound,
                                       environment) for decoder in ("pillow", "tensors")]
    try:
        for contender in every:
            contender.start()
            say(f"  {contender.name}: " + (f"does not run: {contender.error}" if contender.error
                                           else f"{contender.parameters} images"))
        compare_pytorch.check_any_runs(name, [c for c in every if not c.ours])
        running = [c for c in every if not c.error]
        compare_pytorch.check_same_network(name, running)  # here: the same number of images
        rounds = rounds_of(running, bound, arguments)
    finally:
        for contender in every:
            contender.stop()
        os.sched_setaffinity(0, cores)
    return input_report.compare(name, workload.wanted, every, rounds)


def rounds_of(running, bound, arguments):
    """All rounds but the first, which warms the disk's cache."""
    counted = argparse.Namespace(**vars(arguments))
    counted.rounds += 1
    return compare_pytorch.measure_rounds(running, arguments.seconds, None, bound, counted)[1:]


def measure_import(folder, archive, cores, arguments):
    """Spreads of seconds, in turns: imports, decoding alone, opening what was imported. `archive`
    is None where there is none."""
    threads = WORKLOADS["cifar"].threads
    dataset = dataset_of(arguments, "import")
    recipe = write_recipe(arguments, "import", dataset, ("normalise",))
    ours = input_contenders.Lockstep(arguments.program, recipe, "cifar", cores)
    images = len(input_sources.jpegs(folder))
    rounds = []
    for _ in range(arguments.rounds + 1):
        one = {}
        if archive:
            one["import of the archive, s"], one["its CPU time, s"] = run(
                import_command(arguments, archive, dataset, threads), cores)
        taken, computed = run(import_command(arguments, folder, dataset, threads), cores)
        decode_ms = ours.run(arguments.seconds)[0]["thread_ms_per_image"]["decode"]
        decode = 1e-3 * decode_ms * images / threads
        opening, _ = run([arguments.program, "data", "info", dataset], cores)
        one |= {"import of the folder, s": taken, "CPU time of that, s": computed,
                f"decoding alone, {threads} threads, s": decode,
                "import of the folder over decoding": taken / decode,
                "opening (data info), s": opening}
        say("  " + ", ".join(f"{name} {value:.3f}" for name, value in one.items()))
        rounds.append(one)
    return {key: measure.spread([one[key] for one in rounds[1:]]) for key in rounds[0]}


def main(words=None):
    arguments = parse_arguments(words)
    cores = os.sched_getaffinity(0)
    os.makedirs(arguments.scratch, exist_ok=True)
    sources = {"cifar": (arguments.cifar, input_sources.cifar),
               "photos": (arguments.photos, input_sources.photos)}
    parts, imported = [], {}
    try:
        peer = pytorch(arguments)
        for name, (path, lay) in sources.items():
            if path:
                folder = lay(path, arguments.scratch)
                parts.append(measure_workload(name, folder, cores, arguments, peer))
                if name == "cifar":
                    archive = path if os.path.isfile(path) else None
                    imported = measure_import(folder, archive, cores, arguments)
    except (contenders.ContenderFailure, torch_environment.EnvironmentFailure,
            input_sources.SourceFailure, subprocess.TimeoutExpired) as failure:
        say(f"the benchmark failed: {failure}")
        return 1
    report(arguments, parts, imported, sys.argv[1:] if words is None else words)
    return 0


def report(arguments, parts, imported, words):
    whole = {
        "command": shlex.join(["tests/perf/compare_input.py", *words]),
        "date": datetime.date.today().isoformat(),
        "machine": {"cpu": compare_pytorch.cpu_name(), "online": os.cpu_count()},
        "rounds": arguments.rounds, "seconds": arguments.seconds,
        "versions": sorted({one["version"] for part in parts for one in part["contenders"]
                            if one["version"]}),
        "workloads": parts, "import": imported}
    text = input_report.markdown(whole)
    print(text)
    for path, content in ((arguments.json, json.dumps(whole, indent=2) + "\n"),
                          (arguments.markdown, text)):
        if path:
            with open(path, "w", encoding="utf8") as file:
                file.write(content)


if __name__ == "__main__":
    sys.exit(main())
