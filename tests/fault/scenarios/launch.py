# SPDX-License-Identifier: Apache-2.0
"""Ways to start that cannot work are refused before anything is done; the others work."""

import os

from processes import Failure
from runs import ENVIRONMENT, EXISTS, FULL, INVALID, NOT_FOUND, OK, read_bytes
from scenarios import Spec

WHAT = "launchers and their environments: what is refused at once, what works"

SRUN = {"SLURM_JOB_ID": "7", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0"}
OTHER_MPI = {"PMI_SIZE": "2", "PMI_RANK": "0", "MPI_LOCALNRANKS": "2"}
# A lone process in an allocation, and one task of srun.
IN_ALLOCATION = {"SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_PROCID": "0"}
ONE_TASK = {"SLURM_JOB_ID": "7", "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0"}


def refused(code, says, start):
    def do(case):
        program = case.must_end(code, start(case), says=[*says, "lockstep: error: "])
        if os.path.exists(case.run):
            raise Failure(f"it was refused and left a run directory: {program}")
    return do


def foreign_directory(case):
    """What rank 0 alone finds out before training is said too, and only by it."""
    os.makedirs(case.run)
    with open(f"{case.run}/recipe.toml", "w", encoding="utf8") as file:
        file.write("mine")
    program = case.must_end(EXISTS, mpirun(case, 3), says=["lockstep: error: ", "recipe.toml"])
    if program.err.count("lockstep: error: ") != 1:
        raise Failure(f"it is said more than once: {program}")
    if os.listdir(case.run) != ["recipe.toml"] or read_bytes(f"{case.run}/recipe.toml") != b"mine":
        raise Failure(f"it was refused and changed the directory: {program}")


def library_thread(ranks, rank, number):
    """gRPC is refused a thread after the program has looked whether there is room."""
    def do(case):
        program = case.train(ranks, faults=f"library.thread:eio@{number}#{rank}")
        case.must_end(FULL, program, says=["cannot start a thread of a library (libgpr."],
                      once="lockstep: error: ")
        case.finishes(ranks)
    return do


def works(environment):
    def do(case):
        case.must_end(OK, case.start([*case.train_command(), "--ranks", 2],
                                     environment=environment))
        case.check_finished()
    return do


def mpirun(case, ranks, *arguments):
    return case.start(["mpirun", "--oversubscribe", "-np", ranks, *case.train_command(*arguments)])


def cases(suite):
    yield Spec("ranks-under-mpirun", "mpirun -np 2 train --ranks 2",
               refused(INVALID, ["leave --ranks out"], lambda case: mpirun(case, 2, "--ranks", 2)),
               quick=True)
    yield Spec("more-ranks-than-lanes", "mpirun -np 9 for 8 lanes",
               refused(INVALID, ["mpirun started 9 ranks", "start 8 ranks or fewer"],
                       lambda case: mpirun(case, 9)))
    yield Spec("no-recipe", "mpirun -np 2 train of a recipe that is not there",
               refused(NOT_FOUND, ["missing.toml"], lambda case: case.start(
                   ["mpirun", "--oversubscribe", "-np", 2, suite.program, "train", "missing.toml",
                    "--run", case.run])))
    yield Spec("foreign-directory", "mpirun -np 3 on a directory that is no run's",
               foreign_directory, quick=True)
    yield Spec("srun-without-pmi", "2 tasks of srun that cannot find one another",
               refused(ENVIRONMENT, ["srun --mpi=pmix"],
                       lambda case: case.start(case.train_command(), environment=SRUN)), quick=True)
    yield Spec("another-mpi", "PMI_SIZE=2 of another MPI's mpiexec",
               refused(ENVIRONMENT, ["PMI"],
                       lambda case: case.start(case.train_command(), environment=OTHER_MPI)),
               quick=True)
    for rank, number in ((0, 3), (0, 12), (1, 1)):
        yield Spec(f"library-thread-{rank}-{number}", f"thread {number} of gRPC refused in rank {rank}",
                   library_thread(2, rank, number), quick=number == 1)
    yield Spec("alone-without-mpi", "no mpirun on the PATH", works({"PATH": "/nonexistent"}),
               quick=True)
    yield Spec("alone-in-allocation", "alone in an allocation of SLURM", works(IN_ALLOCATION))
    yield Spec("one-task", "one task of srun", works(ONE_TASK))
