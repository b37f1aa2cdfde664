# SPDX-License-Identifier: Apache-2.0
import torch


def conv2d(attrs, inputs):
    x, w = (t.permute(0, 3, 1, 2).contiguous() for t in inputs)  # N H W C -> N C H W, K R S C -> K C R S
    y = torch.nn.functional.conv2d(x, w, groups=attrs["groups"],
                                   **{k: (attrs[k + "_h"], attrs[k + "_w"]) for k in ("stride", "padding", "dilation")})
    return [y.permute(0, 2, 3, 1)]


def conv2d_data_grad(attrs, inputs):
    dy, w = inputs
    x = torch.zeros(dy.shape[0], attrs["in_h"], attrs["in_w"], w.shape[3] * attrs["groups"], dtype=dy.dtype,
                    requires_grad=True)
    dx, = torch.autograd.grad(conv2d(attrs, [x, w]), [x], [dy], create_graph=True)
    return [dx + 0 * (dy.sum() + w.sum())]  # of no rows PyTorch forgets what dx is made of


def conv2d_data_grad_add(attrs, inputs):
    return [inputs[2] + conv2d_data_grad(attrs, inputs[:2])[0]]


def conv2d_weight_grad(attrs, inputs):
    x, dy = inputs
    w = torch.zeros(dy.shape[3], attrs["kernel_h"], attrs["kernel_w"], x.shape[3] // attrs["groups"], dtype=dy.dtype,
                    requires_grad=True)
    return torch.autograd.grad(conv2d(attrs, [x, w]), [w], [dy])


def conv2d_bias(attrs, inputs):
    x, w, b = inputs
    activation = {"none": lambda y: y, "relu": torch.relu}[attrs["activation"]]
    return [activation(conv2d(attrs, [x, w])[0] + b)]


def conv2d_bias_weight_grad(attrs, inputs):
    return [*conv2d_weight_grad(attrs, inputs), inputs[1].sum((0, 1, 2))]
