# SPDX-License-Identifier: Apache-2.0
"""Damaged checkpoints are named and passed over."""

import os
import random
import shutil
import signal

from processes import Failure, send
from runs import DATA_LOSS
from scenarios import Spec

WHAT = "files of checkpoints flipped, cut, emptied, removed or added to between runs"

STOPPED_AT = 22  # between two regular checkpoints (20, 24): stopping writes one of its own


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x10]))


def stopped_run(case, step=STOPPED_AT):
    """The case's run as a stop on request leaves it after `step` steps; made once a suite."""
    made = f"{case.suite.folder}/stopped-{case.recipe}-{step}"
    if not os.path.isdir(made):
        case.stop_with_signal(step)
        shutil.copytree(case.run, made)
    elif not os.path.isdir(case.run):
        shutil.copytree(made, case.run)
    if case.checkpoints()[-1] != f"b01-s{step:010}":
        raise Failure(f"stopped after {step} steps it left {case.checkpoints()}")


def cut(path, size):
    os.truncate(path, max(0, size))


WAYS = {
    "first-byte": lambda path, size, noise: flip(path, 0),
    "some-byte": lambda path, size, noise: flip(path, noise.randrange(size)),
    "last-byte": lambda path, size, noise: flip(path, size - 1),
    "cut-by-1": lambda path, size, noise: cut(path, size - 1),
    "emptied": lambda path, size, noise: cut(path, 0),
    "removed": lambda path, size, noise: os.remove(path),
}


def one_file(name):
    def do(case):
        """Each way on a copy of its own."""
        noise = random.Random(f"{case.suite.seed} {name}")
        for number, (way, damage) in enumerate(WAYS.items()):
            stopped_run(case, 22 if number % 2 else 20)
            newest, before = case.checkpoints()[-1], case.checkpoints()[-2]
            path = f"{case.run}/checkpoints/{newest}/{name}"
            damage(path, os.path.getsize(path), noise)
            program = case.train(1 + number % 3)
            case.must_end(0, program, says=[f"checkpoint {newest} is passed over", name,
                                            f"going on from checkpoint {before}"])
            # The damaged one may stay, for a person to look at; it is not what is left to verify.
            if newest in case.checkpoints() and case.start(
                    [case.suite.program, "ckpt", "verify", case.run, newest]).wait() != 0:
                case.notes.append(f"{newest} stays damaged ({way})")
                shutil.rmtree(f"{case.run}/checkpoints/{newest}")
            case.check_finished(program)
            shutil.rmtree(case.run)
    return do


def stranger_in_it(case):
    """A file that the manifest does not list makes it another checkpoint than was written."""
    stopped_run(case, 20)
    newest = case.checkpoints()[-1]
    with open(f"{case.run}/checkpoints/{newest}/extra", "wb") as file:
        file.write(b"x")
    case.finishes(2, says=[f"checkpoint {newest} is passed over", "extra is not listed"])


def all_damaged(case):
    """What is there to go on from is nothing: it must say so, and may begin anew."""
    stopped_run(case)
    names = case.checkpoints()
    for name in names:
        flip(f"{case.run}/checkpoints/{name}/manifest.json", 10)
    says = [f"checkpoint {name} is passed over" for name in names]
    program = case.must_end(0, case.train(2), says=[*says, "from step 0"])
    case.notes.append("all named, begun again at step 0")
    case.check_finished(program)


def generation_damaged(case):
    """Nobody knows who held the run; its counter says that it ended."""
    stopped_run(case)
    flip(f"{case.run}/generations/g000001", 30)
    case.finishes(2, says=["g000001"])


def torn(path):
    """A torn last line, as a crash of the machine may leave it."""
    with open(path, "ab") as file:
        file.write(b"23,4002")


def without_row(path, number):
    with open(path, "rb") as file:
        rows = file.read().splitlines(True)
    with open(path, "wb") as file:
        file.write(b"".join(rows[:number] + rows[number + 1:]))


TABLE_WAYS = {
    "torn": (torn, False),
    "removed": (os.remove, True),
    "emptied": (lambda path: cut(path, 0), True),
    "cut": (lambda path: cut(path, os.path.getsize(path) - 9), True),
    "last-row-gone": (lambda path: without_row(path, -1), True),
    "first-row-gone": (lambda path: without_row(path, 1), True),
    "changed": (lambda path: flip(path, os.path.getsize(path) - 30), True),
}


def tables_damaged(case):
    """Between two starts: the rows that the checkpoint knows are written again, aloud."""
    for number, (way, (damage, aloud)) in enumerate(TABLE_WAYS.items()):
        for name in ("digests.csv", "results.csv"):
            stopped_run(case)
            damage(f"{case.run}/{name}")
            says = [f"{name}' is not as the run wrote it"] if aloud else []
            case.finishes(1 + number % 3, says=says)
            shutil.rmtree(case.run)


def tables_damaged_meanwhile(case):
    """While the run goes on: the next checkpoint finds it and writes the table again, aloud."""
    for name, damage in (("digests.csv", os.remove), ("results.csv", os.remove),
                         ("digests.csv", lambda path: without_row(path, 3))):
        program = case.train(2, faults="train.step:stop@23#0")
        with program:
            stopped = program.wait_stopped()
            damage(f"{case.run}/{name}")
            send(stopped.pid, signal.SIGCONT)
            program.wait()
        case.check_ended(0, program, says=[f"{name}' was ", "while the run went on"])
        case.check_finished(program)
        shutil.rmtree(case.run)


def results_damaged(case):
    """What a finished run left: eval, ckpt verify and the next start notice, and that mends it."""
    for name in ("model.safetensors", "digests.csv", "results.csv", "summary.json"):
        if not os.path.isdir(case.run):
            case.finishes(1)
        flip(f"{case.run}/{name}", os.path.getsize(f"{case.run}/{name}") // 2)
        for command in (["eval"], ["ckpt", "verify"]):
            case.must_end(DATA_LOSS, case.start([case.suite.program, *command, case.run]),
                          says=[name])
        case.finishes(2, says=[name, "made again from its last checkpoint"])
        case.must_end(0, case.start([case.suite.program, "eval", case.run]))


def cases(_):
    for name in ("manifest.json", "model-00001-of-00001.safetensors",
                 "exp_avg-00001-of-00001.safetensors", "exp_avg_sq-00001-of-00001.safetensors",
                 "progress-00001-of-00001.safetensors"):
        yield Spec(name.partition("-")[0], f"{name} damaged in {len(WAYS)} ways", one_file(name),
                   quick=name == "manifest.json")
    yield Spec("stranger", "a file too many in the newest checkpoint", stranger_in_it)
    yield Spec("all-checkpoints", "every checkpoint damaged", all_damaged)
    yield Spec("generation", "the generation file damaged", generation_damaged)
    yield Spec("tables", f"digests.csv and results.csv damaged in {len(TABLE_WAYS)} ways",
               tables_damaged)
    yield Spec("tables-meanwhile", "a table removed or cut while the run goes on",
               tables_damaged_meanwhile, quick=True)
    yield Spec("results", "a bit flipped in what a finished run left", results_damaged, quick=True)
