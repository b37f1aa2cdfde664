# SPDX-License-Identifier: Apache-2.0
import torch


def _pool(attrs, x):
    """y and the flat index into the image of each maximum, N H W C."""
    pairs = {k: (attrs[k + "_h"], attrs[k + "_w"]) for k in ("stride", "padding")}
    y, index = torch.nn.functional.max_pool2d(x.permute(0, 3, 1, 2), (attrs["kernel_h"], attrs["kernel_w"]),
                                              return_indices=True, **pairs)
    return y.permute(0, 2, 3, 1), index.permute(0, 2, 3, 1)


def _corners(attrs, shape):
    """Row and column of the image at which the window of each output pixel starts."""
    p = torch.arange(shape[1]).reshape(1, -1, 1, 1) * attrs["stride_h"] - attrs["padding_h"]
    q = torch.arange(shape[2]).reshape(1, 1, -1, 1) * attrs["stride_w"] - attrs["padding_w"]
    return p, q


def max_pool2d(attrs, inputs):
    x = inputs[0]
    y, flat = _pool(attrs, x)
    p, q = _corners(attrs, y.shape)
    row, column = torch.div(flat, x.shape[2], rounding_mode="floor"), flat % x.shape[2]
    index = (row - p) * attrs["kernel_w"] + (column - q)  # PyTorch counts in the image, we in the window
    return [y, index.to(torch.int32)]


def max_pool2d_grad(attrs, inputs):
    index, dy = inputs
    kernel_w, (p, q) = attrs["kernel_w"], _corners(attrs, dy.shape)
    row = p + torch.div(index, kernel_w, rounding_mode="floor")
    column = q + index % kernel_w
    n, h, w, c = dy.shape[0], attrs["in_h"], attrs["in_w"], dy.shape[3]
    # A sample's random index may lie in the padding: such pixels are added to a border and cut off.
    border = max(attrs["padding_h"] + attrs["kernel_h"], attrs["padding_w"] + attrs["kernel_w"])
    dx = torch.zeros(n, h + 2 * border, w + 2 * border, c, dtype=dy.dtype)
    batch = torch.arange(n).reshape(-1, 1, 1, 1).expand_as(dy)
    channel = torch.arange(c).reshape(1, 1, 1, -1).expand_as(dy)
    dx.index_put_((batch, row + border, column + border, channel), dy, accumulate=True)
    return [dx[:, border:border + h, border:border + w]]


def max_pool2d_gather(attrs, inputs):
    """max_pool2d_grad is linear in dy, and this is its transpose."""
    index, x = inputs
    dy = torch.zeros(index.shape, dtype=x.dtype, requires_grad=True)
    unpooled, = max_pool2d_grad({**attrs, "in_h": x.shape[1], "in_w": x.shape[2]}, [index, dy])
    return torch.autograd.grad([unpooled], [dy], [x], create_graph=True)
