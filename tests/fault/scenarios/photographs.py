# SPDX-License-Identifier: Apache-2.0
"""kill -9 of a run on photographs, whose JPEG files are decoded, cropped, flipped and coloured by
threads of their own; then the same on other numbers of ranks and of sample threads."""

from scenarios import Spec
from scenarios.kills import fault, kill_other

WHAT = "kill -9 of runs on photographs, for 1, 2, 4 sample threads on 1, 2, 3 ranks"

PLACES = ("train.step@14", "train.checkpoint@2", "checkpoint.rename.before@3")
THREADS = (1, 2, 4)
RANKS = (1, 2, 3)


def threads_of(count):
    return f"run.sample_threads={count}"


def kill_case(place, threads, ranks, then_threads, then):
    def do(case):
        if place.startswith("train.step") and ranks > 1:
            kill_other(case, ranks, place,
                       lambda program: [rank.pid for rank in program.ranks().values()],
                       arguments=(threads_of(threads),))
        else:
            program = case.train(ranks, threads_of(threads), faults=fault(place, "kill", 0),
                                 mpi=ranks > 1)
            with program:
                program.wait_rank_dead(0)
                case.expect_gone(program)
        case.finishes(then, threads_of(then_threads))
    return do


def cases(_):
    for t, threads in enumerate(THREADS):
        for r, ranks in enumerate(RANKS):
            place = PLACES[(t + r) % 3]
            then_threads, then = THREADS[(t + 1) % 3], RANKS[(r + 1) % 3]
            yield Spec(f"threads-{threads}-ranks-{ranks}",
                       f"kill a run on {ranks} at {place} with {threads} sample threads, go on "
                       f"with {then} and {then_threads} threads",
                       kill_case(place, threads, ranks, then_threads, then),
                       recipe="photographs", quick=t == r)
