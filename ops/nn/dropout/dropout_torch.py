# SPDX-License-Identifier: Apache-2.0
"""PyTorch's own masks come from another generator: the mask is made here from the stream's definition."""
import torch


def dropout(attrs, inputs, stream):
    x = inputs[0]
    uniforms = torch.from_numpy(stream.uniforms("dropout", x.numel())).reshape(x.shape)
    mask = uniforms >= attrs["p"]
    return [x * mask / (1 - attrs["p"]), mask.to(torch.uint8)]


def dropout_grad(attrs, inputs):
    dy, mask = inputs
    x = torch.zeros_like(dy, requires_grad=True)
    return torch.autograd.grad(x * mask / (1 - attrs["p"]), [x], [dy])
