# SPDX-License-Identifier: Apache-2.0
"""Optimizers that PyTorch has not, written down from their papers as torch.optim.Optimizer.

Each parameter group may have a weight_decay of its own; where it is 0, LARS and LAMB do not adapt the step.
"""
import torch


class _Plain(torch.optim.Optimizer):
    def __init__(self, parameters, **defaults):
        super().__init__(parameters, defaults)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, p.grad, self.state[p], group)


class Lion(_Plain):
    """Chen et al., "Symbolic Discovery of Optimization Algorithms", 2023, algorithm 2."""

    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        m = state.setdefault("m", torch.zeros_like(p))
        direction = torch.sign(beta1 * m + (1 - beta1) * g)
        p.sub_(group["lr"] * (direction + group["weight_decay"] * p))
        m.copy_(beta2 * m + (1 - beta2) * g)


class Lars(_Plain):
    """You, Gitman and Ginsburg, 2017, equation 6, with the rate outside of the momentum as in torch.optim.SGD."""

    def update(self, p, g, state, group):
        decay, trust = group["weight_decay"], 1.0
        if decay != 0:
            w, norm = p.norm(), g.norm()
            trust = group["trust_coefficient"] * w / (norm + decay * w + 1e-8) if w > 0 and norm > 0 else 1.0
        v = state.setdefault("v", torch.zeros_like(p))
        v.mul_(group["momentum"]).add_(trust * (g + decay * p))
        p.sub_(group["lr"] * v)


class Lamb(_Plain):
    """You et al., "Large Batch Optimization for Deep Learning", 2020, algorithm 2, with phi(z) = z."""

    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        m, v = (state.setdefault(name, torch.zeros_like(p)) for name in "mv")
        t = state["t"] = state.get("t", 0) + 1
        m.copy_(beta1 * m + (1 - beta1) * g)
        v.copy_(beta2 * v + (1 - beta2) * g * g)
        r = (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + 1e-6) + group["weight_decay"] * p
        trust = 1.0
        if group["weight_decay"] != 0 and p.norm() > 0 and r.norm() > 0:
            trust = p.norm() / r.norm()
        p.sub_(group["lr"] * trust * r)
