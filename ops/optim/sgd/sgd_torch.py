# SPDX-License-Identifier: Apache-2.0
import torch


def sgd(attrs, inputs):
    """One step of torch.optim.SGD from the given state."""
    param, grad, velocity, lr, grad_scale = inputs
    p = param.clone()
    p.grad = grad * grad_scale
    optimizer = torch.optim.SGD([p], lr=lr.item(), **attrs)
    optimizer.state[p]["momentum_buffer"] = velocity.clone()
    optimizer.step()
    if attrs["momentum"] == 0:  # PyTorch keeps no velocity then; ours is the gradient it stepped along
        return [p, p.grad + attrs["weight_decay"] * param]
    return [p, optimizer.state[p]["momentum_buffer"]]
