# SPDX-License-Identifier: Apache-2.0
import torch


def rmsprop(attrs, inputs):
    """One step of torch.optim.RMSprop from the given state."""
    slots = ["square_avg"] + ["momentum_buffer"] * (attrs["momentum"] > 0) + ["grad_avg"] * attrs["centered"]
    param, grad, *state, lr, grad_scale = inputs
    p = param.clone()
    p.grad = grad * grad_scale
    optimizer = torch.optim.RMSprop([p], lr=lr.item(), **attrs)
    optimizer.state[p].update(step=3, **{name: value.clone() for name, value in zip(slots, state)})
    optimizer.step()
    outputs = [p] + [optimizer.state[p][name] for name in slots]
    if attrs["centered"]:  # where the variance rounds below 0 PyTorch has a NaN, we have the root of 0
        step = (p.grad + attrs["weight_decay"] * param) / attrs["eps"]
        if attrs["momentum"] > 0:
            step = attrs["momentum"] * state[1] + step
            outputs[2] = torch.where(outputs[2].isnan(), step, outputs[2])
        outputs[0] = torch.where(p.isnan(), param - lr * step, p)
    return outputs
