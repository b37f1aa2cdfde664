# SPDX-License-Identifier: Apache-2.0
import torch


def lars(attrs, inputs):
    """PyTorch has no LARS: torch.optim.SGD, on a gradient that has the decay and is scaled by the trust ratio."""
    param, grad, velocity, lr, grad_scale, param_norm, grad_norm = inputs
    decay = attrs["weight_decay"]
    trust = 1.0
    if decay != 0 or attrs["always_adapt"]:
        trust = attrs["trust_coefficient"] * param_norm / (grad_norm + decay * param_norm + attrs["eps"])
    p = param.clone()
    p.grad = (grad * grad_scale + decay * param) * trust
    optimizer = torch.optim.SGD([p], lr=lr.item(), momentum=attrs["momentum"])
    optimizer.state[p]["momentum_buffer"] = velocity.clone()
    optimizer.step()
    return [p, optimizer.state[p]["momentum_buffer"]]


def lars_measure(attrs, inputs):
    param, grad, _, _, grad_scale = inputs
    return [torch.stack([(x.double()**2).sum() for x in (param, grad * grad_scale)])]
