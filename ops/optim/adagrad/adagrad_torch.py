# SPDX-License-Identifier: Apache-2.0
import torch


def adagrad(attrs, inputs):
    """One step of torch.optim.Adagrad from the given state; what its step number makes is an input of ours, and our
    sum is without its initial value."""
    param, grad, total, lr, grad_scale, slowing = inputs
    initial = attrs["initial_accumulator_value"]
    p = param.clone()
    p.grad = grad * grad_scale
    optimizer = torch.optim.Adagrad([p], lr=(lr / slowing).item(), weight_decay=attrs["weight_decay"],
                                    eps=attrs["eps"])
    optimizer.state[p].update(step=torch.tensor(3.0), sum=total + initial)
    optimizer.step()
    return [p, optimizer.state[p]["sum"] - initial]
