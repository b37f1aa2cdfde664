#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The MPI transport under a real mpirun, and what is said where MPI cannot be used.

  mpi_world_test.py MPIRUN CHECK FAKE_PLUGIN ranks W CASE...   the program CHECK on W ranks, each case
  mpi_world_test.py MPIRUN CHECK FAKE_PLUGIN start             one process, no mpirun: refusals

After a failure a rank leaves without MPI_Finalize, for which mpirun's exit code is 1: what counts is
that every rank left its ok file. Cases that finalize must end with 0 as well.
"""
import os
import subprocess
import sys
import tempfile

LIMIT = 100  # seconds a case; CTest allows all of them 120
MPIRUN, CHECK, FAKE = sys.argv[1:4]


def environment(**variables):
    """Without what a surrounding mpirun or srun has set."""
    env = {name: value for name, value in os.environ.items()
           if not name.startswith(("OMPI_COMM_", "PMI_", "PMIX_", "SLURM_", "LOCKSTEP_"))}
    env.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
               OMPI_MCA_rmaps_base_oversubscribe="1")
    # MPI's own leaks are not ours to report.
    env["ASAN_OPTIONS"] = env.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    env.update(variables)
    return env


def on_ranks(ranks, case):
    """What is wrong, or None."""
    with tempfile.TemporaryDirectory() as folder:
        command = [MPIRUN, "--oversubscribe", "--bind-to", "none", "-np", str(ranks),
                   CHECK, case, folder]
        try:
            run = subprocess.run(command, env=environment(), text=True, timeout=LIMIT,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        except subprocess.TimeoutExpired as expired:
            return f"did not end in {LIMIT} s\n{expired.output}"
        missing = [r for r in range(ranks) if not os.path.exists(f"{folder}/ok.{r}")]
        if missing:
            return f"ranks {missing} are not ok, mpirun's exit code {run.returncode}\n{run.stdout}"
        if case in ("operations", "pieces") and run.returncode != 0:
            return f"exit code {run.returncode}\n{run.stdout}"
    return None


def alone(case, code, parts, **variables):
    """One process without mpirun must end with `code` and say all of `parts`."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([CHECK, case, folder], env=environment(**variables), text=True,
                             timeout=LIMIT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             check=False)
    wrong = [f"no '{part}'" for part in parts if part not in run.stdout]
    if run.returncode != code:
        wrong.append(f"exit code {run.returncode}, expected {code}")
    return ", ".join(wrong) + f" in:\n{run.stdout}" if wrong else None


def starts():
    yield "without a plugin", alone(
        "operations", 78, ["failed-precondition", "tried /no/such/plugin.so;",
                           "ninja lockstep_mpi", "LOCKSTEP_MPI_PLUGIN"],
        LOCKSTEP_MPI_PLUGIN="/no/such/plugin.so")
    yield "plugin of another version", alone(
        "operations", 78, [FAKE, "is of version 1001", "rebuild"],
        LOCKSTEP_MPI_PLUGIN=FAKE, LOCKSTEP_FAKE_MPI="old")
    yield "MPI_Init hangs", alone(
        "hang-init", 68, ["rank 3 (host ", "pid ", "MPI_Init of Fake MPI 1.0 has not returned"],
        LOCKSTEP_MPI_PLUGIN=FAKE, LOCKSTEP_FAKE_MPI="hang-init", PMI_SIZE="4", PMI_RANK="3")
    yield "MPI_Init hangs, said by a rank that speaks", alone(
        "hang-init", 68, ["lockstep: rank 1 (host ", "MPI_Init has been waiting for the other ranks",
                          "MPI_Init of Fake MPI 1.0 has not returned"],
        LOCKSTEP_MPI_PLUGIN=FAKE, LOCKSTEP_FAKE_MPI="hang-init", PMI_SIZE="4", PMI_RANK="1")
    yield "MPI_Finalize hangs", alone(
        "hang-finalize", 75, ["lockstep: rank 0 (host ", "MPI_Finalize has been waiting for the",
                              "the run is finished", "MPI_Finalize of Fake MPI"],
        LOCKSTEP_MPI_PLUGIN=FAKE, LOCKSTEP_FAKE_MPI="hang-finalize")
    yield "another MPI's launcher", alone(
        "operations", 78, ["MPI plugin of Open MPI", "mpiexec (PMI) started 4 processes",
                           "another MPI"], PMI_SIZE="4", PMI_RANK="3")
    yield "srun without PMIx", alone(
        "operations", 78, ["srun started 4 tasks", "srun --mpi=pmix"],
        SLURM_STEP_NUM_TASKS="4", SLURM_PROCID="3")
    yield "alone", alone("operations", 0, [])


def main():
    if sys.argv[4] == "ranks":
        results = [(case, on_ranks(int(sys.argv[5]), case)) for case in sys.argv[6:]]
    else:
        results = list(starts())
    for name, wrong in results:
        print(f"{name}: {'ok' if wrong is None else wrong}")
    return 1 if not results or any(wrong is not None for _, wrong in results) else 0


if __name__ == "__main__":
    sys.exit(main())
