#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""A made-up dataset of ImageNet's shape (1,000 classes, 100,000 small JPEG files) is imported,
opened and trained on for an epoch, and every sample must be consumed exactly once. Reports times
and memory.

Examples:
  tests/perf/synthetic_imagenet.py build/release/cluster/lockstep
  tests/perf/synthetic_imagenet.py build/release/cluster/lockstep --classes 10 --images 20

Needs Pillow (Debian's python3-pil). The exit code is 0 where everything that must hold held; how
long it took decides nothing.
"""

import argparse
import collections
import io
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

from compare_pytorch import count, say  # noqa: E402

SIZE = (64, 48)
COARSE = (8, 6)  # random colours, made smooth: as many bytes as a photograph of that size has
LANES, LANE_BATCH = 8, 32
OPENINGS = 5


class CheckFailure(Exception):
    """What did not hold."""


def jpeg(class_and_number):
    """(name in the archive, bytes of a JPEG file), the same for the same numbers."""
    from PIL import Image  # only the processes that draw need it
    label, number = class_and_number
    draw = random.Random(label * 1_000_003 + number)
    noise = draw.randbytes(3 * COARSE[0] * COARSE[1])
    colours = bytes((value // 2 + 37 * label) % 256 for value in noise)
    image = Image.frombytes("RGB", COARSE, colours).resize(SIZE, Image.BICUBIC)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return f"train/class_{label:04}/{number:06}.jpg", file.getvalue()


def make_archive(path, classes, images):
    """A tar of train/CLASS/NAME.jpg."""
    wanted = [(label, number) for label in range(classes) for number in range(images)]
    with multiprocessing.Pool() as pool, tarfile.open(path + ".unfinished", "w") as archive:
        for name, content in pool.imap(jpeg, wanted, chunksize=256):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    os.rename(path + ".unfinished", path)


def peak_resident(pid):
    """Bytes so far; 0 of a process that has ended. (wait4 would count this program's own.)"""
    try:
        with open(f"/proc/{pid}/status", encoding="utf8") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return 1024 * int(line.split()[1])
    except ProcessLookupError:
        pass
    return 0


def run(command):
    """Seconds, peak resident bytes (looked at often; it only grows), and what it wrote."""
    began, peak = time.perf_counter(), 0
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT) as process:
            while process.poll() is None:
                peak = max(peak, peak_resident(process.pid))
                time.sleep(0.005)
        seconds = time.perf_counter() - began
        said.seek(0)
        text = said.read().decode(errors="replace")
    if process.returncode != 0:
        raise CheckFailure(f"{' '.join(command)} ended with {process.returncode}:\n{text[-2000:]}")
    return seconds, peak, text


def recipe(dataset):
    return (f"data = {{ dataset = {json.dumps(dataset)}, val = \"\" }}\n"
            "model.name = \"simple-cnn\"\n"
            f"batch = {{ lanes = {LANES}, lane_batch = {LANE_BATCH} }}\n"
            "train.epochs = 1\n"
            "optimizer = { name = \"sgd\", lr = 0.05, momentum = 0.9 }\n"
            "augment.train = [\"random-resized-crop:32\", \"hflip\", \"normalise\"]\n"
            "augment.val = [\"resize:32,32\", \"normalise\"]\n")


def check_summary(run_folder, samples):
    """The run's own proof of what it consumed."""
    with open(os.path.join(run_folder, "summary.json"), encoding="utf8") as file:
        summary = json.load(file)
    expected = {"status": "finished", "exactly_once": True, "samples_consumed": samples}
    found = {key: summary.get(key) for key in expected}
    if found != expected:
        raise CheckFailure(f"{run_folder}/summary.json says {found}; expected {expected}")
    return summary


def check_order(program, recipe_path, samples):
    """`data order` lists every sample in one step of the epoch. Returns the labels' counts."""
    ids, labels = [], collections.Counter()
    steps = order_of(program, recipe_path, 1)["steps_per_epoch"]
    for step in range(1, steps + 1):
        for lane in order_of(program, recipe_path, step)["lanes"]:
            ids += [sample["id"] for sample in lane["samples"]]
            labels.update(sample["label"] for sample in lane["samples"])
    check_ids(ids, samples)
    return labels


def check_ids(ids, samples):
    """Every id from 0 to samples - 1 is there once."""
    if sorted(ids) != list(range(samples)):
        times = collections.Counter(ids)
        raise CheckFailure(
            f"of {samples} samples {samples - len(times)} are in no step and "
            f"{sum(n > 1 for n in times.values())} in more than one; expected each in one")


def order_of(program, recipe_path, step):
    """What `data order` says of a step of the first epoch."""
    _, _, said = run([program, "data", "order", recipe_path, "--epoch", "1", "--step", str(step)])
    return json.loads(said)


def parse_arguments(words=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", metavar="PROGRAM", help="the lockstep program, release build")
    parser.add_argument("--classes", type=count, default=1000)
    parser.add_argument("--images", type=count, default=100, help="of each class")
    parser.add_argument("--scratch", metavar="DIR",
                        help="default: perf/synthetic in the build folder")
    parser.add_argument("--json", metavar="FILE", help="write the figures here")
    arguments = parser.parse_args(words)
    arguments.program = os.path.abspath(arguments.program)
    build = os.path.dirname(os.path.dirname(os.path.dirname(arguments.program)))
    arguments.scratch = os.path.abspath(
        arguments.scratch or os.path.join(build, "perf", "synthetic"))
    return arguments


def laid(arguments, name):
    return os.path.join(arguments.scratch, name)


def measure_data(arguments, archive, dataset):
    """Import and opening."""
    seconds, resident, _ = run([arguments.program, "data", "import", "imagefolder", archive,
                                "--out", dataset, "--replace"])
    openings = [run([arguments.program, "data", "info", dataset]) for _ in range(OPENINGS)]
    return {"archive_bytes": os.path.getsize(archive),
            "import_seconds": seconds, "import_resident_bytes": resident,
            "open_seconds": [taken for taken, _, _ in openings],
            "open_resident_bytes": max(peak for _, peak, _ in openings)}


def measure_training(arguments, dataset, samples):
    path, folder = laid(arguments, "synthetic.toml"), laid(arguments, "run")
    with open(path, "w", encoding="utf8") as file:
        file.write(recipe(dataset))
    shutil.rmtree(folder, ignore_errors=True)
    seconds, resident, _ = run([arguments.program, "train", path, "--run", folder, "--no-progress"])
    summary = check_summary(folder, samples)
    say(f"trained in {seconds:.1f} s; now the order of every step")
    labels = check_order(arguments.program, path, samples)
    if set(labels.values()) != {arguments.images} or len(labels) != arguments.classes:
        raise CheckFailure(f"{len(labels)} classes came, {min(labels.values())} to "
                           f"{max(labels.values())} times each; expected {arguments.classes}, each "
                           f"{arguments.images} times")
    return {"train_seconds": seconds, "train_resident_bytes": resident,
            "planned_bytes": summary["peak_memory_bytes"], "steps": summary["step"],
            "images_per_second": summary["images_per_second"],
            "samples_consumed": summary["samples_consumed"],
            "exactly_once": summary["exactly_once"]}


def main(words=None):
    arguments = parse_arguments(words)
    os.makedirs(arguments.scratch, exist_ok=True)
    archive = laid(arguments, f"{arguments.classes}x{arguments.images}.tar")
    dataset = laid(arguments, "synthetic.ldb")
    samples = arguments.classes * arguments.images
    try:
        if not os.path.exists(archive):
            say(f"drawing {samples} images into {archive}")
            make_archive(archive, arguments.classes, arguments.images)
        figures = {"samples": samples, "classes": arguments.classes}
        figures |= measure_data(arguments, archive, dataset)
        say(f"imported in {figures['import_seconds']:.1f} s")
        figures |= measure_training(arguments, dataset, samples)
    except CheckFailure as failure:
        say(f"failed: {failure}")
        return 1
    text = json.dumps(figures, indent=2) + "\n"
    print(text, end="")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf8") as file:
            file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
