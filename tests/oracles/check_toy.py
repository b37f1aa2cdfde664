#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares a task of two networks and two phases (tests/distributed/toy_task.h) with PyTorch in fp64.

Usage: check_toy.py --dump-program PATH [--seed SEED] [--self-test]

needs the Debian packages python3-torch and python3-torchvision. dump_toy writes the start, the batches and
what Lockstep makes of them; PyTorch computes the same from the start and the batches alone:

  lanes   both phases on one batch with the numbers of steps 0 and 1: the summed loss and its rows, every
          gradient of what the phase trains and of nothing else, mean and variance of every call of the norm
  steps   three whole steps of SGD, in each the critic and then the encoder: both losses of every step,
          parameters and running statistics at the end

All are within 1e-10. A distance is the largest absolute difference over the largest absolute value of the
tensor; for the bias in front of the norm, whose gradient is 0 but for rounding, over that of its weight.

--self-test plants faults and fails unless each is found: wrong values in everything that was dumped, and
PyTorch computing something else (for example one update of the running statistics where two are called).
"""
import argparse
import dataclasses
import pathlib
import subprocess
import sys
import tempfile

import check_models  # says what to install where PyTorch is missing
import numpy as np
import safetensors_file
import torch

TOLERANCE = 1e-10
PHASES = ("critic", "encoder")
# dump_toy has the same.
ROWS, LANE_BATCH, CLASSES, STEPS, LANE_STEPS, LEARNING_RATE = 5, 8, 10, 3, 2, 0.1
VANISHING = {"grad:encoder.conv.bias": "grad:encoder.conv.weight"}


@dataclasses.dataclass(frozen=True)
class Rules:
    """How a step is made; the self-test breaks each."""
    stops: bool = True  # the critic's phase gives the encoder no gradient
    freezes: bool = True  # the encoder's phase trains the encoder alone
    weight_falls: bool = True  # w = 1 / (1 + step), not 1
    scale: float = 0.5  # of the second image
    again_first: bool = False  # the second image's call comes before the first's
    again_is_noted: bool = True  # the running statistics take the second call too
    critic_is_noted: bool = True  # and that of the critic's phase
    lane_batch: int = LANE_BATCH  # gradients of a lane start from 1 / lane_batch
    critic_moves_first: bool = True  # the encoder's phase sees the critic's update
    momentum: float = 0.9


class Encoder(torch.nn.Module):

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, 4, 3, stride=2)
        self.bn = torch.nn.BatchNorm2d(4)
        self.fc = torch.nn.Linear(4 * 6 * 6, CLASSES)

    def forward(self, x):
        x = torch.tanh(self.bn(self.conv(x)))
        return self.fc(torch.nn.functional.max_pool2d(x, 2, 2).flatten(1))


class Critic(torch.nn.Module):

    def __init__(self):
        super().__init__()
        self.fc1 = torch.nn.Linear(CLASSES, 8)
        self.fc2 = torch.nn.Linear(8, CLASSES)

    def forward(self, code):
        return self.fc2(torch.tanh(self.fc1(code)))


class Toy(torch.nn.Module):

    def __init__(self, start, rules):
        super().__init__()
        self.rules = rules
        self.encoder, self.critic = Encoder(), Critic()
        self.double()
        state = self.state_dict()
        with torch.no_grad():
            names = {name for name in state if not name.endswith("num_batches_tracked")}
            assert names == set(start), names ^ set(start)
            for name in names:
                assert state[name].shape == start[name].shape, name
                state[name].copy_(torch.from_numpy(np.array(start[name])))

    def encode(self, x, noted=True):
        self.encoder.bn.momentum = 0.1 if noted else 0.0
        return self.encoder(x)

    def judged(self, phase, x, step):
        """The logits that the phase's loss is made of."""
        rules = self.rules
        if phase == "critic":
            code = self.encode(x, rules.critic_is_noted)
            return self.critic(code.detach() if rules.stops else code)
        weight = 1.0 / (1.0 + step) if rules.weight_falls else 1.0
        if rules.again_first:
            again, code = self.encode(x * rules.scale), self.encode(x)
        else:
            code, again = self.encode(x), self.encode(x * rules.scale, rules.again_is_noted)
        return self.critic(code) + weight * self.critic(again)

    def summed_loss(self, phase, batch, step):
        """The phase's loss over its rows; backward of it reaches what the phase trains."""
        for name, network in (("critic", self.critic), ("encoder", self.encoder)):
            trained = name == phase or phase == "critic" or not self.rules.freezes
            network.requires_grad_(trained)
        x, labels = batch
        return torch.nn.functional.cross_entropy(self.judged(phase, x, step), labels, reduction="sum")


def read_batch(folder, step):
    batch = safetensors_file.read(folder / f"batch-{step}.safetensors")
    assert batch["image"].shape == (ROWS, 28, 28, 1), batch["image"].shape
    return (torch.from_numpy(np.array(batch["image"])).permute(0, 3, 1, 2).contiguous(),
            torch.from_numpy(np.array(batch["label"])).long())


def torch_lane(start, batch, phase, step, rules):
    """What a lane plan gives, under the names that it has there."""
    toy = Toy(start, rules)
    found = {}
    inputs = []
    toy.encoder.bn.register_forward_hook(lambda module, given, result: inputs.append(given[0].detach()))
    loss = toy.summed_loss(phase, batch, step)
    (loss / rules.lane_batch).backward()
    found["numerator"] = found[f"sum:{phase}_nats"] = loss.detach()
    found["denominator"] = torch.tensor(float(len(batch[1])), dtype=torch.float64)
    for name, parameter in toy.named_parameters():
        if parameter.grad is not None:
            found[f"grad:{name}"] = parameter.grad
    for call, x in enumerate(inputs):
        path = "encoder/bn" + (f"#{call}" if call > 0 else "")
        found[f"count:{path}"] = torch.tensor(float(x.numel() // x.shape[1]), dtype=torch.float64)
        found[f"mean:{path}"] = x.mean((0, 2, 3))
        found[f"var:{path}"] = x.transpose(0, 1).flatten(1).var(1, unbiased=True)
    return found


def torch_steps(start, batches, rules):
    """losses, and the state at the end: three steps with one optimizer for each phase's network."""
    toy = Toy(start, rules)
    optimizers = {phase: torch.optim.SGD(getattr(toy, phase).parameters(), lr=LEARNING_RATE,
                                         momentum=rules.momentum) for phase in PHASES}
    losses = np.zeros((STEPS, len(PHASES)))
    for step, batch in enumerate(batches):
        for at, phase in enumerate(PHASES):
            network = getattr(toy, phase)
            loss = toy.summed_loss(phase, batch, step)
            losses[step, at] = loss.item() / len(batch[1])
            # A lane's gradient starts from 1 / lane_batch; the sum over lanes is scaled by lane_batch / rows.
            gradients = torch.autograd.grad(loss / rules.lane_batch, list(network.parameters()))
            for parameter, gradient in zip(network.parameters(), gradients):
                parameter.grad = gradient * (LANE_BATCH / len(batch[1]))
            if phase == "encoder" or rules.critic_moves_first:
                optimizers[phase].step()
        if not rules.critic_moves_first:
            optimizers["critic"].step()
    end = {name: tensor for name, tensor in toy.state_dict().items()
           if not name.endswith("num_batches_tracked")}
    return {"losses": torch.from_numpy(losses), **end}


def expected(folder, rules=Rules()):
    """What -> name -> tensor, by PyTorch."""
    start = safetensors_file.read(folder / "start.safetensors")
    batches = [read_batch(folder, step) for step in range(STEPS)]
    found = {f"lane {phase} {step}": torch_lane(start, batches[0], phase, step, rules)
             for phase in PHASES for step in range(LANE_STEPS)}
    return {**found, "steps": torch_steps(start, batches, rules)}


def dumped(folder):
    """The same, by Lockstep."""
    found = {}
    for phase in PHASES:
        for step in range(LANE_STEPS):
            lane = safetensors_file.read(folder / f"lane-{phase}-{step}.safetensors")
            counts = {name: array for name, array in lane.items() if name.startswith("count:")}
            lane = {**check_models.without_counts(lane), **counts}
            lane.pop("sum:critic_hits", None)  # an integer: the op has tests of its own
            found[f"lane {phase} {step}"] = lane
    found["steps"] = {**safetensors_file.read(folder / "losses.safetensors"),
                      **safetensors_file.read(folder / "end.safetensors")}
    return found


def compare(ours, theirs):
    """Problems, and what -> the largest distance and its tensor."""
    problems, worst = [], {}
    for what, tensors in theirs.items():
        for name in sorted(set(ours[what]) ^ set(tensors)):
            problems.append(f"{what}: {name} is only in " + ("ours" if name in ours[what] else "PyTorch's"))
        for name in tensors:
            if name not in ours[what]:
                continue
            scale = tensors[VANISHING[name]] if name in VANISHING else None
            found = check_models.distance(ours[what][name], tensors[name], scale)
            worst[what] = max(worst.get(what, (0.0, "")), (found, name),
                              key=lambda entry: check_models.abs_or_nan(entry[0]))
            if not found <= TOLERANCE:
                problems.append(f"{what}: {name} is off PyTorch's by {found:.2e}; "
                                f"expected at most {TOLERANCE:.0e}")
    return problems, worst


def check(folder):
    problems, worst = compare(dumped(folder), expected(folder))
    for what, (found, name) in worst.items():
        print(f"{what:15} farthest {found:.2e} of {TOLERANCE:.0e}: {name}")
    return problems


# Each makes PyTorch compute something else, and what tells.
PLANTED_RULES = (
    (Rules(stops=False), "lane critic 0: grad:encoder.fc.weight is only in PyTorch's"),
    (Rules(freezes=False), "lane encoder 0: grad:critic.fc1.weight is only in PyTorch's"),
    (Rules(weight_falls=False), "lane encoder 1: numerator is off"),
    (Rules(scale=1.0), "lane encoder 0: numerator is off"),
    (Rules(again_first=True), "steps: encoder.bn.running_mean is off"),
    (Rules(again_is_noted=False), "steps: encoder.bn.running_var is off"),
    (Rules(critic_is_noted=False), "steps: encoder.bn.running_mean is off"),
    (Rules(lane_batch=ROWS), "lane critic 0: grad:critic.fc1.weight is off"),
    (Rules(critic_moves_first=False), "steps: losses is off"),
    (Rules(momentum=0.0), "steps: critic.fc2.bias is off"),
)


def with_wrong_value(ours, what, name, scale):
    """A copy in which one element of one tensor is off by 1e-9 of the tensor's largest, or of `scale`'s."""
    wrong = np.array(ours[what][name])
    size = check_models.largest(check_models.as_numpy(scale) if scale is not None else wrong)
    wrong.reshape(-1)[-1] += 1e-9 * size
    return {**ours, what: {**ours[what], name: wrong}}


def self_test(folder):
    problems, planted = [], 0
    ours, theirs = dumped(folder), expected(folder)
    for what in theirs:
        for name in theirs[what]:
            planted += 1
            scale = theirs[what][VANISHING[name]] if name in VANISHING else None
            found, _ = compare(with_wrong_value(ours, what, name, scale), theirs)
            if len(found) != 1 or not found[0].startswith(f"{what}: {name} is off"):
                problems.append(f"{what}: a wrong value in {name} gave {found}")
    for rules, telling in PLANTED_RULES:
        planted += 1
        found, _ = compare(ours, expected(folder, rules))
        if not any(problem.startswith(telling) for problem in found):
            problems.append(f"{rules} does not give '{telling}' but {found}")
    print(f"{planted} faults planted, {planted - len(problems)} found")
    return problems


def main():
    parser = argparse.ArgumentParser(description="Compares a task of two networks with PyTorch.")
    parser.add_argument("--dump-program", required=True, help="the built dump_toy")
    parser.add_argument("--seed", type=int, default=1, help="of the start and the batches")
    parser.add_argument("--self-test", action="store_true", help="plants faults, which must be found")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([options.dump_program, str(options.seed), folder], check=True)
        problems = self_test(folder) if options.self_test else check(folder)
    for problem in problems:
        print(f"FAILED: {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
