# SPDX-License-Identifier: Apache-2.0
"""Changed settings at a resume: some change nothing, some begin a branch, some are refused."""

import json
import os
import shutil

import left
from processes import Failure
from runs import INVALID, NOT_FOUND, OK, read_bytes, summary_of
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
    reference = case.suite.reference(case.recipe).digests.splitlines()
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
            limit = f"train.max_steps={cut}"
            found = left.difference(left.Left(case.run), case.suite.reference(case.recipe, limit))
            if found:
                raise Failure(f"cut at {cut}: {found}")
        case.finishes(ranks[-1])
    return do


def begun_anew(case):
    stopped_run(case)
    case.must_end(OK, case.train(2, "train.seed=9", "--overwrite"), says=["begun anew on purpose"])
    if any(name.startswith("b01") for name in case.checkpoints()):
        raise Failure(f"checkpoints of the old history are left: {case.checkpoints()}")
    case.check_tidy()
    case.check_checkpoints()


def shorter(case):
    """Whoever asks for fewer steps than the run has done is refused, and nothing changes."""
    case.finishes(2)
    before = case.snapshot_of_everything()
    for ranks, setting in ((1, "train.epochs=1"), (3, "train.max_steps=39"), (1, "train.epochs=1")):
        case.must_end(INVALID, case.train(ranks, setting),
                      says=["b01-s0000000040", f"step {20 if 'epochs' in setting else 39}",
                            "ckpt rewind", "--overwrite"], once="it would cut what the run has")
        if case.snapshot_of_everything() != before:
            raise Failure(f"{setting} was refused and changed the run directory")
    case.must_end(OK, case.train(2), says=["is finished already"])


def rewound(case):
    """Back on purpose: a new branch, the old tables, summary and weights beside it."""
    rewind = [case.suite.program, "ckpt", "rewind", case.run, "--to"]
    case.finishes(2)
    before = case.snapshot()
    case.must_end(NOT_FOUND, case.start([*rewind, "33"]), says=["it has them of steps", "36"])
    case.must_end(INVALID, case.start([*rewind, "40"]), says=["stands at step 40 already"])
    if case.snapshot() != before:
        raise Failure("a rewind that was refused changed the run directory")
    case.must_end(OK, case.start([*rewind, "36"]), says=["b02-s0000000036 begins branch 2"])
    for name, data in before.items():
        stem, dot, kind = name.rpartition(".")
        kept = name if "/" in name else f"{stem}-b01{dot}{kind}"
        if read_bytes(f"{case.run}/{kept}") != data:
            raise Failure(f"the rewind did not keep {name} as {kept}")
    for name in ("summary.json", "model.safetensors"):
        if os.path.exists(f"{case.run}/{name}"):
            raise Failure(f"after the rewind there still is {name}")
    case.check_digests(b"".join(before["digests.csv"].splitlines(True)[:37]))
    case.check_checkpoints()
    program = case.must_end(OK, case.train(3, "train.max_steps=38"),
                            says=["going on from checkpoint b02-s0000000036"])
    case.check_digests(b"".join(before["digests.csv"].splitlines(True)[:39]))
    if summary_of(case.run)["branch"] != 2:
        raise Failure(f"it went on on another branch than 2: {program}")
    case.must_end(OK, case.train(1))
    case.check_digests(before["digests.csv"])
    case.check_checkpoints()


def evaluation_keys(*settings):
    """What no weight depends on may change: aloud, on a new branch, with the same steps."""
    def do(case):
        stopped_run(case)
        program = case.must_end(OK, case.train(3, *settings),
                                says=["branch 2 goes on from checkpoint b01-s0000000022",
                                      settings[0].partition("=")[0]])
        losses = [row.split(b",")[:3] for row in read_bytes(f"{case.run}/digests.csv").splitlines()]
        wanted = [row.split(b",")[:3]
                  for row in case.suite.reference(case.recipe).digests.splitlines()]
        if losses != wanted:
            raise Failure(f"the losses of the steps are others: {program}")
        if read_bytes(f"{case.run}/model.safetensors") != case.suite.reference(case.recipe).model:
            raise Failure(f"the weights are others: {program}")
    return do


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
    yield Spec("shorter", "fewer steps than the run has done", shorter, quick=True)
    yield Spec("rewind", "ckpt rewind, then on again", rewound, quick=True)
    for settings in (("eval.batch=5",), ("eval.every_epochs=2",), ("data.val=train",),
                     ("train.digest_every=3",)):
        yield Spec(settings[0].replace("=", "-"), f"{settings[0]} at a resume",
                   evaluation_keys(*settings), quick=settings[0] == "eval.batch=5")
