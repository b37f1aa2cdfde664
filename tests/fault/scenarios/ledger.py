# SPDX-License-Identifier: Apache-2.0
"""The ledger is an index: without it, or with a damaged one, a run goes on, and says so."""

import os
import random
import re
import shutil

from processes import Failure
from scenarios import Spec
from scenarios.damage import flip, stopped_run

WHAT = "ledger deleted, damaged, or telling of a checkpoint that is not there"

# Any of these words in standard error or output tells that the ledger was looked after.
TOLD = re.compile(r"\bledger (can|is|was|misses|has|'|of)")
# Files whose damage nobody needs to notice: RocksDB does not read them, or they hold no entries.
UNREAD = ("LOCK", "LOG", "IDENTITY", "OPTIONS-")


def ledger_of(case):
    path = f"{case.run}/ledger"
    if not os.path.isdir(path):
        raise Failure("a stopped run has no ledger")
    return path


def goes_on(case, ranks, told):
    program = case.finishes(ranks)
    if told and not TOLD.search(program.err + program.out):
        raise Failure(f"the ledger was looked after and nothing says so: {program}")


def deleted(case):
    stopped_run(case)
    shutil.rmtree(ledger_of(case))
    goes_on(case, 2, told=True)
    if not os.path.exists(f"{case.run}/ledger/CURRENT"):
        raise Failure("the ledger was not built anew")


def damaged(kind):
    def do(case):
        """Each file of the ledger in turn, on a copy of the stopped run each."""
        stopped_run(case)
        whole = f"{case.folder}/whole"
        shutil.copytree(case.run, whole)
        noise = random.Random(f"{case.suite.seed} {kind}")
        names = sorted(os.listdir(ledger_of(case)))
        for number, name in enumerate(names):
            path = f"{case.run}/ledger/{name}"
            if os.path.getsize(path) == 0:
                continue
            if kind == "flipped":
                for _ in range(5):
                    flip(path, noise.randrange(os.path.getsize(path)))
            else:
                os.truncate(path, os.path.getsize(path) // 2 if kind == "halved" else 0)
            # A log cut short looks like one that a crash cut short.
            quiet = name.startswith(UNREAD) or name.endswith(".log")
            goes_on(case, 1 + number % 2, told=not quiet)
            shutil.rmtree(case.run)
            shutil.copytree(whole, case.run)
        case.notes.append(f"{len(names)} files")
    return do


def newest_checkpoint_deleted(case):
    stopped_run(case)
    lost = case.checkpoints()[-1]
    shutil.rmtree(f"{case.run}/checkpoints/{lost}")
    before = case.checkpoints()[-1]
    program = case.finishes(2, says=[f"going on from checkpoint {before}"])
    if lost not in program.err + program.out:
        raise Failure(f"the ledger knows {lost}, it is gone, and nothing says so: {program}")


def cases(_):
    yield Spec("deleted", "ledger deleted between runs", deleted, quick=True)
    for kind in ("flipped", "halved", "emptied"):
        yield Spec(kind, f"each file of the ledger {kind} between runs", damaged(kind))
    yield Spec("checkpoint-deleted", "newest checkpoint deleted, ledger kept",
               newest_checkpoint_deleted)
