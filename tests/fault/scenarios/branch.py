# SPDX-License-Identifier: Apache-2.0
"""Changed settings at a resume: some change nothing, some begin a branch, some are refused."""

import json
import shutil

from processes import Failure
from runs import INVALID, OK, read_bytes, summary_of
from scenarios import Spec
from scenarios.damage import stopped_run

WHAT = "settings changed at a resume: free, branch and fixed keys; runs cut short and made longer"


def branches(case):
    """Another learning rate is another history: said, on file, and equal on every W."""
    lr = "optimizer.lr=0.001"
    histories = []
    for ranks in (1, 3):
        stopped_run(case)
        program = case.must_end(OK, case.train(ranks, lr),
                                says=["branch 2 goes on from checkpoint b01-s0000000022",
                                      "optimizer.lr"])
        generation = json.loads(read_bytes(f"{case.run}/generations/g000002"))
        if generation["branch"] != 2 or generation["parent"] != "b01-s0000000022":
            raise Failure(f"g000002 says {generation}: {program}")
        if summary_of(case.run)["branch"] != 2:
            raise Failure(f"summary.json says branch {summary_of(case.run)['branch']}")
        case.check_tidy()
        case.check_checkpoints()
        histories.append(read_bytes(f"{case.run}/digests.csv"))
        shutil.rmtree(case.run)
    if histories[0] != histories[1]:
        raise Failure("branch 2 has other digests on 3 ranks than on 1")
    reference = case.suite.references[case.recipe].digests.splitlines()
    history = histories[0].splitlines()  # a header, then a line a step
    if history[:23] != reference[:23] or history[23] == reference[23]:
        raise Failure("the branch does not begin after step 22")


def refused(setting, key):
    def do(case):
        stopped_run(case)
        before = case.snapshot_of_everything()
        for ranks in (1, 2):
            program = case.must_end(INVALID, case.train(ranks, setting), says=[key])
            if case.snapshot_of_everything() != before:
                raise Failure(f"it was refused and changed the run directory: {program}")
        case.finishes(2)
    return do


def free(*settings):
    def do(case):
        stopped_run(case)
        case.finishes(3, *settings)
    return do


def made_longer(ranks):
    def do(case):
        """Cut within an epoch, at its end, once more, then whole."""
        for cut, this in zip((13, 20, 31), ranks):
            case.must_end(OK, case.train(this, f"train.max_steps={cut}"))
            expected = case.suite.references[case.recipe].digests.splitlines(True)[:cut + 1]
            case.check_digests(b"".join(expected))
        case.finishes(ranks[-1])
    return do


def begun_anew(case):
    stopped_run(case)
    case.must_end(OK, case.train(2, "train.seed=9", "--overwrite"), says=["begun anew on purpose"])
    if any(name.startswith("b01") for name in case.checkpoints()):
        raise Failure(f"checkpoints of the old history are left: {case.checkpoints()}")
    case.check_tidy()
    case.check_checkpoints()


def finished_again(case):
    """A finished run is left as it is."""
    case.finishes(2)
    before = case.snapshot()
    for ranks in (1, 3):
        case.must_end(OK, case.train(ranks), says=["is finished already"])
    if case.snapshot() != before:
        raise Failure("a finished run was changed by starting it again")


def cases(_):
    yield Spec("lr", "optimizer.lr changed", branches, quick=True)
    yield Spec("seed", "train.seed changed", refused("train.seed=4", "train.seed"), quick=True)
    yield Spec("model", "model.name changed", refused("model.name=mlp-784-128-32-10", "model.name"))
    yield Spec("lanes", "batch.lane_batch changed",
               refused("batch.lane_batch=5", "batch.lane_batch"))
    yield Spec("every-steps", "checkpoint.every_steps changed", free("checkpoint.every_steps=7"),
               quick=True)
    yield Spec("free-keys", "other free keys changed",
               free("checkpoint.keep_last=3", "checkpoint.keep_best=false", "run.cores=1",
                    "run.lanes_at_once=1", "run.log_every=3", "run.step_limit=100"))
    for ranks in ((1, 2, 3), (2, 1, 4)):
        yield Spec(f"max-steps-{'-'.join(map(str, ranks))}",
                   f"train.max_steps 13, 20, 31, then none, on {ranks} ranks", made_longer(ranks),
                   recipe="convnet" if ranks[0] == 2 else "mlp", quick=ranks[0] == 1)
    yield Spec("overwrite", "--overwrite with another seed", begun_anew)
    yield Spec("finished", "a finished run started again", finished_again)
