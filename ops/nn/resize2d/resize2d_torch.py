# SPDX-License-Identifier: Apache-2.0
import torch


def resize2d(attrs, inputs):
    x = inputs[0].permute(0, 3, 1, 2)
    size, mode = (attrs["out_h"], attrs["out_w"]), attrs["mode"]
    if x.shape[0] == 0:  # PyTorch takes no empty batch
        return [inputs[0][:, :1, :1].expand(0, *size, x.shape[1])]
    aligned = attrs["align_corners"] if mode == "bilinear" else None
    return [torch.nn.functional.interpolate(x, size, mode=mode, align_corners=aligned).permute(0, 2, 3, 1)]


def resize2d_grad(attrs, inputs):
    dy, = inputs
    x = torch.zeros(dy.shape[0], attrs["in_h"], attrs["in_w"], dy.shape[3], dtype=dy.dtype, requires_grad=True)
    if len(x) == 0:
        return [x.detach()]
    return torch.autograd.grad(resize2d(attrs, [x]), [x], [dy])
