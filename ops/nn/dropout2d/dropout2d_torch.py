# SPDX-License-Identifier: Apache-2.0
"""PyTorch's own masks come from another generator: the mask is made here from the stream's definition."""
import torch


def dropout2d(attrs, inputs, stream):
    x = inputs[0]
    n, c = x.shape[0], x.shape[3]
    mask = torch.from_numpy(stream.uniforms("dropout", n * c)).reshape(n, c) >= attrs["p"]
    return [x * mask[:, None, None, :] / (1 - attrs["p"]), mask.to(torch.uint8)]


def dropout2d_grad(attrs, inputs):
    dy, mask = inputs
    x = torch.zeros_like(dy, requires_grad=True)
    return torch.autograd.grad(x * mask[:, None, None, :] / (1 - attrs["p"]), [x], [dy])
