# SPDX-License-Identifier: Apache-2.0
"""A rank that stands still: for less than the limit nobody minds, longer ends the job."""

import signal
import time

from processes import Failure, send, wait_until
from runs import GONE_SECONDS, OK, summary_of
from scenarios import Spec
from scenarios.kills import fault

WHAT = "a rank stands still for 0.5, 2 and 10 times run.heartbeat_limit, from MPI_Init to the end"

LIMIT = 2  # seconds
WATCHED = (f"run.heartbeat_limit={LIMIT}",)


def short(rank, place):
    def do(case):
        program = case.train(2, *WATCHED, faults=fault(place, "stop", rank))
        with program:
            stopped = program.wait_stopped()
            time.sleep(0.5 * LIMIT)
            send(stopped.pid, signal.SIGCONT)
            program.wait()
        case.check_ended(OK, program)
        case.check_finished(program)
    return do


def long(rank, place, times, says):
    def do(case):
        """The others must end without the one that stands still; that one must go when it wakes."""
        program = case.train(2, *WATCHED, faults=fault(place, "stop", rank))
        with program:
            stopped = program.wait_stopped()
            began = time.monotonic()
            while time.monotonic() - began < times * LIMIT and not program.ended():
                time.sleep(0.01)
            ended_after = time.monotonic() - began if program.ended() else None
            send(stopped.pid, signal.SIGCONT)
            case.gone = program.wait_gone(GONE_SECONDS)
        if ended_after is None and times * LIMIT > LIMIT + GONE_SECONDS:
            raise Failure(f"it had not ended after {times * LIMIT} s: {program}")
        if program.code == 0:
            raise Failure(f"a rank stood still for {times} limits and all went well: {program}")
        for phrase in says:
            if phrase not in program.err:
                raise Failure(f"it does not say '{phrase}': {program}")
        case.notes.append(f"mpirun's exit code {program.code}" + (
            f" {ended_after:.1f} s after the stop" if ended_after else ", after it woke"))
        case.finishes(1 + times % 4)
    return do


def named(rank, place, says, limit=LIMIT, finished=False, in_mpi=False):
    """The others end it within the limit and a few seconds, and name the one that stands still."""
    def do(case):
        program = case.train(3, *WATCHED, faults=fault(f"{place}@1", "stop", rank))
        with program:
            program.wait_stopped()
            began = time.monotonic()
            wait_until(program.ended, 1.5 * limit + GONE_SECONDS, lambda: f"it hangs: {program}")
            case.notes.append(f"ended after {time.monotonic() - began:.1f} s")
            case.gone = program.wait_gone(GONE_SECONDS)
        if program.code == 0:
            raise Failure(f"a rank stood still for ever and all went well: {program}")
        for phrase in says:
            # Rank 0, woken before it knew of a limit, may repeat what is said of it.
            most = 2 if place == "mpi.started" and rank == 0 else 1
            if not 1 <= program.err.count(phrase) <= most:
                raise Failure(f"it says {program.err.count(phrase)} times '{phrase}': {program}")
        where = ("has been waiting for the other ranks",) if in_mpi else (
            "; last heard of in phase '", "; not heard of since MPI_Init")
        if not any(words in program.err for words in where):
            raise Failure(f"it does not say where the rank was: {program}")
        if finished:
            case.check_finished(program)
        case.finishes(2)
    return do


def woken_coordinator(case):
    """Rank 0 stood still, the others gave it up; awake again it blames itself, not them."""
    program = case.train(2, *WATCHED, faults=fault("train.step@13", "stop", 0),
                         environment={"OMPI_MCA_odls_base_sigkill_timeout": "4"})
    with program:
        program.wait_stopped()
        program.wait()  # mpirun wakes what it ends
        case.gone = program.wait_gone(GONE_SECONDS)
    summary = summary_of(case.run)
    if summary["status"] != "failed" or "stood still for" not in summary["error"]:
        raise Failure(f"summary.json does not say that rank 0 stood still: {summary}; {program}")
    if "killed or crashed" in summary["error"] + program.err:
        raise Failure(f"rank 1 is said to have crashed: {summary}; {program}")
    case.finishes(2)


def cases(_):
    for rank in (1, 0):
        yield Spec(f"rank{rank}-half", f"rank {rank} stands still for 0.5 limits",
                   short(rank, "train.step@13"), quick=rank == 1)
    # The phase is that of the last heartbeat, half a limit ago at most.
    silent = ("rank 1 ", "has been silent for", "last heard of in phase '")
    for times in (2, 10):
        yield Spec(f"rank1-{times}", f"rank 1 stands still for {times} limits in a step",
                   long(1, "train.step@13", times, silent), quick=times == 10)
        yield Spec(f"rank1-evaluation-{times}",
                   f"rank 1 stands still for {times} limits in the evaluation",
                   long(1, "train.evaluate@1", times, silent))
        # Rank 0 hosts the coordinator: what the others notice is its silence.
        yield Spec(f"rank0-{times}", f"rank 0 stands still for {times} limits in a step",
                   long(0, "train.step@13", times, ("rank 1", "coordinator")))
    for place in ("mpi.started", "world.meeting", "train.dataset", "train.compile",
                  "world.finish"):
        # Before the recipe is read the limit is not known.
        limit = 10 if place == "mpi.started" else LIMIT
        for rank in (1, 0):
            who = "error: rank 1 " if rank == 1 else "error: rank 1: rank 0 "
            yield Spec(f"rank{rank}-{place}", f"rank {rank} of 3 stands still at {place} for ever",
                       named(rank, place, (who,), limit, finished=place == "world.finish"),
                       quick=(rank, place) == (1, "train.dataset"))
    yield Spec("rank1-mpi.init", "rank 1 of 3 stands still before MPI_Init for ever",
               named(1, "mpi.init", (), 60, in_mpi=True))
    yield Spec("rank1-mpi.finalize", "rank 1 of 3 stands still before MPI_Finalize for ever",
               named(1, "mpi.finalize", (), 30, finished=True, in_mpi=True))
    yield Spec("rank0-woken", "rank 0 stands still until the others have given it up",
               woken_coordinator)
