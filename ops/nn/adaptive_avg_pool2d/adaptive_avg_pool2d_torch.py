# SPDX-License-Identifier: Apache-2.0
import torch


def adaptive_avg_pool2d(attrs, inputs):
    y = torch.nn.functional.adaptive_avg_pool2d(inputs[0].permute(0, 3, 1, 2), (attrs["out_h"], attrs["out_w"]))
    return [y.permute(0, 2, 3, 1)]


def adaptive_avg_pool2d_grad(attrs, inputs):
    dy = inputs[0]
    x = torch.zeros(dy.shape[0], attrs["in_h"], attrs["in_w"], dy.shape[3], dtype=dy.dtype, requires_grad=True)
    y, = adaptive_avg_pool2d({"out_h": dy.shape[1], "out_w": dy.shape[2]}, [x])
    return torch.autograd.grad(y, [x], [dy])
