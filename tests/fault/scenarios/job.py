# SPDX-License-Identifier: Apache-2.0
"""What a job on a cluster meets, on one machine and without its scheduler (tests/slurm has that)."""

import json
import os
import signal
import socket
import time

from processes import Failure, send
from runs import ENVIRONMENT, GONE_SECONDS, INVALID, OK, STOPPED, read_bytes, summary_of
from scenarios import Spec
from scenarios.kills import fault

WHAT = "saves that are struck or slow, a job without scontrol, its time, its port, its cores"

UNAVAILABLE = 69  # docs/errors.md
NOWHERE = {"PATH": "/nonexistent"}  # no command of SLURM


def job(ends_in=3600, **more):
    """The variables of a SLURM job."""
    return {"SLURM_JOB_ID": "7", "SLURM_JOB_END_TIME": str(int(time.time()) + ends_in), **more}


def struck(case, program, *numbers):
    """Signals to the process that stands still, which then goes on; the code is that of a stop."""
    with program:
        stopped = program.wait_stopped()
        for number in numbers:
            send(stopped.pid, number)
            send(stopped.pid, signal.SIGCONT)
        program.wait()
        case.gone = program.wait_gone(GONE_SECONDS)


def stop_in_save(ranks, then, *numbers):
    """The signal comes while rank 0 is in the midst of writing a checkpoint."""
    def do(case):
        program = case.train(ranks, faults=fault("checkpoint.fsync@19", "stop", 0))
        struck(case, program, *numbers)
        case.check_ended(STOPPED, program, says=["stopped on request after step"])
        if summary_of(case.run)["status"] != "stopped":
            raise Failure(f"it did not end in order: {summary_of(case.run)}")
        case.check_tidy()
        case.finishes(then)
    return do


def slow_save(save, heartbeat):
    """A save of so many seconds: the others wait for it, and nobody is taken for dead."""
    def do(case):
        program = case.train(2, f"run.heartbeat_limit={heartbeat}",
                             faults=f"checkpoint.rename.before:sleep{1000 * save}@2#0")
        case.must_end(OK, program)
        case.check_finished(program)
    return do


def last_stop(case):
    return json.loads(read_bytes(f"{case.run}/slurm.json"))


def stop_in_job(case, step, says, environment):
    program = case.train(1, "--requeue", environment={**job(), **environment},
                         faults=fault(f"train.step@{step}", "stop", 0))
    struck(case, program, signal.SIGUSR1)
    case.check_ended(STOPPED, program, says=says)


def without_scontrol(case):
    stop_in_job(case, 13, ["SLURM job 7 could not be queued again", "no program 'scontrol'",
                           "scontrol requeue 7", "stopped on request after step 13"], NOWHERE)
    if not os.path.exists(f"{case.run}/requeue") or last_stop(case)["step"] != 13:
        raise Failure(f"its script is not told: {os.listdir(case.run)}, {last_stop(case)}")
    # The same start of the job asks once.
    stop_in_job(case, 3, ["not queued again: this start of the job was queued again already"],
                NOWHERE)
    if os.path.exists(f"{case.run}/requeue"):
        raise Failure("the file for its script is still there")
    # Another start asks again, and one that comes no further does not.
    stop_in_job(case, 3, ["could not be queued again"], {**NOWHERE, "SLURM_RESTART_COUNT": "1"})
    case.finishes(3)


def no_progress(case):
    """A job that is stopped again and again before it has done a step ends for good."""
    stop_in_job(case, 1, ["could not be queued again"], NOWHERE)
    program = case.train(1, "--requeue", faults=fault("train.join@1", "stop", 0),
                         environment={**job(SLURM_RESTART_COUNT="1"), **NOWHERE})
    struck(case, program, signal.SIGUSR1)
    case.check_ended(STOPPED, program, says=["not queued again"])
    case.finishes(1)


def ended_for_good(case):
    """TERM: whoever sent it has decided."""
    program = case.train(1, "--requeue", environment={**job(), **NOWHERE},
                         faults=fault("train.step@13", "stop", 0))
    struck(case, program, signal.SIGTERM)
    case.check_ended(STOPPED, program, says=["not queued again: it was ended by TERM"])
    if last_stop(case)["requeue"] or os.path.exists(f"{case.run}/requeue"):
        raise Failure(f"it was to be queued again: {last_stop(case)}")
    case.finishes(2)


def own_clock(case):
    """Nobody sends a signal."""
    program = case.train(2, "run.job_margin=600", mpi=False, faults="train.step:sleep1500@1+",
                         environment={**job(ends_in=620), **NOWHERE})
    case.must_end(STOPPED, program, says=["the SLURM job ends in ", "run.job_margin = 600",
                                          "stopped on request after step"])
    case.finishes(3)


def too_soon(case):
    program = case.train(1, environment={**job(ends_in=30), **NOWHERE})
    case.must_end(ENVIRONMENT, program, says=["too soon to train: run.job_margin = 60 "],
                  once="lockstep: error: ")
    if os.path.exists(case.run):
        raise Failure(f"it was refused and left a run directory: {program}")


def no_job(case):
    program = case.train(2, "--requeue")
    case.must_end(INVALID, program, says=["--requeue", "SLURM_JOB_ID"], once="lockstep: error: ")


def one_port(case):
    """A second job on the same machine is told which port is taken."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    listen = ("--coordinator-listen", f"127.0.0.1:{port}")
    first = case.train(2, *listen, faults=fault("train.step@13", "stop", 0))
    with first:
        stopped = first.wait_stopped()
        other = case.start(["mpirun", "--oversubscribe", "--bind-to", "none", "-np", 2,
                            *case.train_command(*listen, run=f"{case.folder}/other")])
        case.must_end(UNAVAILABLE, other,
                      says=[f"cannot listen on '127.0.0.1:{port}'"], once="lockstep: error: ")
        send(stopped.pid, signal.SIGCONT)
        first.wait()
    case.check_ended(OK, first)
    case.check_finished(first)


def crowded(case):
    program = case.start(["taskset", "-c", "0", "mpirun", "--oversubscribe", "--bind-to", "none",
                          "-np", 8, *case.train_command()])
    case.must_end(OK, program, says=["8 ranks by Open MPI's mpirun on 1 machine, 1 core for the "
                                     "8 ranks of a machine", "share 1 core: "])
    case.check_finished(program)


def tasks_without_mpi(case):
    """Each task may have started such a process, and all would want the same directory."""
    tasks = {**job(SLURM_NTASKS="4"), **NOWHERE}
    program = case.start(case.train_command(), environment=tasks)
    case.must_end(ENVIRONMENT, program, says=["SLURM job 7 has 4 tasks", "srun --mpi=pmix"],
                  once="lockstep: error: ")
    if os.path.exists(case.run):
        raise Failure(f"it was refused and left a run directory: {program}")
    # Who says how many ranks this process shall be means it.
    program = case.train(1, environment=tasks)
    case.must_end(OK, program, says=["SLURM job 7, start 1", "the job has 4 tasks",
                                     "srun --mpi=pmix"])
    case.check_finished(program)


def cases(_):
    yield Spec("term-in-save-1", "SIGTERM in the midst of a save",
               stop_in_save(1, 2, signal.SIGTERM), quick=True)
    yield Spec("term-in-save-3", "SIGTERM twice, as by SLURM and by mpirun, in the midst of a save",
               stop_in_save(3, 1, signal.SIGTERM, signal.SIGTERM), quick=True)
    yield Spec("hup-in-save-2", "SIGHUP in the midst of a save",
               stop_in_save(2, 3, signal.SIGHUP))
    yield Spec("slow-save", "a save of 12 s, run.heartbeat_limit 3 s", slow_save(12, 3), quick=True)
    yield Spec("slow-save-60", "a save of 60 s, run.heartbeat_limit 10 s", slow_save(60, 10))
    yield Spec("without-scontrol", "a job that cannot be queued again", without_scontrol, quick=True)
    yield Spec("no-progress", "a job that comes no further is not queued again", no_progress)
    yield Spec("ended-for-good", "a job that gets SIGTERM is not queued again", ended_for_good)
    yield Spec("own-clock", "a job stops by itself before its time ends", own_clock, quick=True)
    yield Spec("too-soon", "a job with less time than a stop takes", too_soon, quick=True)
    yield Spec("no-job", "train --requeue outside of a job", no_job)
    yield Spec("one-port", "two jobs and one coordinator port", one_port, quick=True)
    yield Spec("crowded", "8 ranks on one core", crowded)
    yield Spec("tasks-without-mpi", "one process in a job of 4 tasks", tasks_without_mpi,
               quick=True)
