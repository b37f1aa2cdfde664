# SPDX-License-Identifier: Apache-2.0
"""Disks that are full, failing or read-only while a run writes to them."""

import os
import re
import signal
import subprocess

from processes import Failure, Skip, send
from runs import FULL, IO_ERROR, NOT_PERMITTED, OK
from scenarios import Spec
from scenarios.kills import fault

WHAT = "a disk that is full, fails or cannot be written to, while checkpoints are written"

WARNS = "training goes on; older ones are intact"
FEW_MISSED = ("checkpoint.max_missed=2",)


class Mount:
    """A small file system at the case's run directory, or a read-only view, for a `with`."""

    def __init__(self, at, *options):
        os.makedirs(at, exist_ok=True)
        self.at, self.options = at, options

    def __enter__(self):
        if os.geteuid() != 0:
            raise Skip("mounting a file system needs root")
        done = subprocess.run(["mount", *self.options, self.at], capture_output=True, text=True)
        if done.returncode != 0:
            raise Skip(f"mounting is not permitted here: {done.stderr.strip()}")
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "--lazy", self.at], check=True)


def small_disk(case, megabytes=32):
    return Mount(case.run, "-t", "tmpfs", "-o", f"size={megabytes}m", "none")


def read_only(path):
    return Mount(path, "--bind", "-o", "ro", path)


def fill(case, leave):
    """A file that takes all but `leave` bytes of the run directory's disk."""
    path = f"{case.run}/filler"
    with open(path, "wb", buffering=0) as file:
        chunk = bytes(1 << 12)
        while os.statvfs(case.run).f_bavail * os.statvfs(case.run).f_frsize > leave:
            try:
                file.write(chunk)
            except OSError:
                break
    return path


def verify_all(case):
    names = case.checkpoints()
    if not names:
        raise Failure("no checkpoint is left")
    case.check_checkpoints()


def fills_up(leave, ranks, codes):
    def do(case):
        """The disk is full from the middle of a checkpoint on."""
        with small_disk(case):
            program = case.train(ranks, *FEW_MISSED, faults=fault("checkpoint.write@40", "stop", 0))
            with program:
                stopped = program.wait_stopped()
                filler = fill(case, leave)
                send(stopped.pid, signal.SIGCONT)
                program.wait()
                program.wait_gone(10)
            if ranks > 1 and program.code != 0:
                program.code = codes[0]  # mpirun's own; the text is checked below
            case.check_ended(codes, program, says=["No space left on device"])
            if leave:
                case.check_ended(codes, program, says=[WARNS, "checkpoint.max_missed = 2"])
            verify_all(case)
            os.remove(filler)
            case.finishes(1 + ranks)
    return do


def fault_case(faults, codes, says, ranks=1):
    def do(case):
        program = case.must_end(codes, case.train(ranks, *FEW_MISSED, faults=faults), says)
        verify_all(case)
        if program.code == OK:
            case.check_finished(program)
        else:
            case.finishes(2)
        case.notes.append(f"{len(re.findall(WARNS, program.err))} warnings")
    return do


def turns_read_only(case):
    """The folder of checkpoints can be written no more, in the midst of a run."""
    program = case.train(1, *FEW_MISSED, faults=fault("train.checkpoint@4", "stop", 0))
    with program:
        stopped = program.wait_stopped()
        with read_only(f"{case.run}/checkpoints"):
            send(stopped.pid, signal.SIGCONT)
            program.wait()
    case.check_ended(NOT_PERMITTED, program, says=[WARNS, "Read-only file system"])
    verify_all(case)
    case.finishes(3)


def is_read_only(case):
    """The whole run directory is read-only when the run is started again."""
    case.stop_with_signal(22)
    before = case.checkpoints()
    with read_only(case.run):
        case.must_end(NOT_PERMITTED, case.train(1), says=["Read-only file system", "--run"])
        if case.checkpoints() != before:
            raise Failure(f"checkpoints were {before}, now {case.checkpoints()}")
        verify_all(case)
    case.finishes(2)


def cases(_):
    yield Spec("fills-up", "a full disk, but for the tables, in the midst of a checkpoint",
               fills_up(128 << 10, 1, (FULL,)), quick=True)
    yield Spec("fills-up-mpirun", "the same under mpirun -np 2", fills_up(128 << 10, 2, (FULL,)))
    yield Spec("full", "a full disk to the last byte in the midst of a checkpoint",
               fills_up(0, 1, (FULL,)))
    for point, count in (("open", 8), ("write", 40), ("fsync", 8)):  # in the second checkpoint
        yield Spec(f"{point}-eio-once", f"checkpoint.{point} fails once with EIO",
                   fault_case(f"checkpoint.{point}:eio@{count}#0", OK,
                              [WARNS, "1 missed in a row"]),
                   quick=point == "fsync")
        yield Spec(f"{point}-eio-ever", f"checkpoint.{point} fails with EIO from some time on",
                   fault_case(f"checkpoint.{point}:eio@{count}+#0", IO_ERROR,
                              [WARNS, "2 missed in a row", "checkpoint.max_missed = 2"]))
    yield Spec("write-enospc-ever", "checkpoint.write fails with ENOSPC from some time on",
               fault_case("checkpoint.write:enospc@40+#0", FULL, [WARNS, "2 missed in a row"]))
    yield Spec("turns-read-only", "checkpoints/ becomes read-only in the midst of a run",
               turns_read_only)
    yield Spec("is-read-only", "a read-only run directory at a start", is_read_only, quick=True)
