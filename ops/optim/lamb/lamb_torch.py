# SPDX-License-Identifier: Apache-2.0
"""PyTorch has no LAMB: the paper's algorithm 2, written down plainly."""
import torch


def _step(attrs, param, grad, m, v, grad_scale, bias1, bias2):
    g = grad * grad_scale
    m = attrs["beta1"] * m + (1 - attrs["beta1"]) * g
    v = attrs["beta2"] * v + (1 - attrs["beta2"]) * g**2
    return m, v, (m / bias1) / (torch.sqrt(v / bias2) + attrs["eps"]) + attrs["weight_decay"] * param


def lamb(attrs, inputs):
    param, grad, m, v, lr, grad_scale, bias1, bias2, param_norm, step_norm = inputs
    m, v, step = _step(attrs, param, grad, m, v, grad_scale, bias1, bias2)
    adapts = attrs["weight_decay"] != 0 or attrs["always_adapt"]
    return [param - lr * (param_norm / step_norm if adapts else 1.0) * step, m, v]


def lamb_measure(attrs, inputs):
    param, grad, m, v, _, grad_scale, bias1, bias2 = inputs
    step = _step(attrs, param, grad, m, v, grad_scale, bias1, bias2)[2]
    return [torch.stack([(x.double()**2).sum() for x in (param, step)])]
