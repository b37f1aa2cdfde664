# SPDX-License-Identifier: Apache-2.0
import torch


def avg_pool2d(attrs, inputs):
    y = torch.nn.functional.avg_pool2d(inputs[0].permute(0, 3, 1, 2), (attrs["kernel_h"], attrs["kernel_w"]),
                                       (attrs["stride_h"], attrs["stride_w"]),
                                       (attrs["padding_h"], attrs["padding_w"]),
                                       count_include_pad=attrs["count_include_pad"])
    return [y.permute(0, 2, 3, 1)]


def avg_pool2d_grad(attrs, inputs):
    dy = inputs[0]
    x = torch.zeros(dy.shape[0], attrs["in_h"], attrs["in_w"], dy.shape[3], dtype=dy.dtype, requires_grad=True)
    return torch.autograd.grad(avg_pool2d(attrs, [x]), [x], [dy])


def avg_pool2d_tanh_grad(attrs, inputs):
    return [torch.ops.aten.tanh_backward(avg_pool2d_grad(attrs, inputs[:1])[0], inputs[1])]
