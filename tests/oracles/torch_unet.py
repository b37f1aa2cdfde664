# SPDX-License-Identifier: Apache-2.0
"""U-Net as a plain PyTorch program: what ours is compared with, in values (check_segmenters.py) and in speed
(tests/perf)."""
import torch
from torch import nn


def double_conv(channels, middle, out, norm):
    layers = []
    for before, after in ((channels, middle), (middle, out)):
        layers += [nn.Conv2d(before, after, 3, padding=1), norm(after), nn.ReLU()]
    return nn.Sequential(*layers)


class Up(nn.Module):
    """One level of the way up of U-Net: doubles the sides, puts [skip, up] side by side."""

    def __init__(self, channels, skip, out, norm, mode):
        super().__init__()
        if mode == "transposed":
            self.up = nn.ConvTranspose2d(channels, skip, 2, stride=2)
            self.conv = double_conv(2 * skip, out, out, norm)
        else:
            self.up = nn.Upsample(scale_factor=2, mode=mode, align_corners=True if mode == "bilinear" else None)
            self.conv = double_conv(skip + channels, (skip + channels) // 2, out, norm)

    def forward(self, x, skip):
        return self.conv(torch.cat([skip, self.up(x)], 1))


class UNet(nn.Module):
    """The model `unet`, with its names; gives {"out": logits}."""

    def __init__(self, classes, width, depth, norm=nn.BatchNorm2d, mode="transposed"):
        super().__init__()
        widths = [width << level for level in range(depth + 1)]
        if mode != "transposed":
            widths[depth] //= 2
        self.inc = double_conv(3, width, width, norm)
        for level in range(1, depth + 1):
            setattr(self, f"down{level}", double_conv(widths[level - 1], widths[level], widths[level], norm))
        channels = widths[depth]
        for level in range(depth - 1, -1, -1):
            out = widths[level] if mode == "transposed" or level == 0 else widths[level] // 2
            setattr(self, f"up{depth - level}", Up(channels, widths[level], out, norm, mode))
            channels = out
        self.outc = nn.Conv2d(channels, classes, 1)
        self.depth = depth

    def forward(self, x):
        levels = [self.inc(x)]
        for level in range(1, self.depth + 1):
            levels.append(getattr(self, f"down{level}")(nn.functional.max_pool2d(levels[-1], 2)))
        x = levels.pop()
        for number in range(1, self.depth + 1):
            x = getattr(self, f"up{number}")(x, levels.pop())
        return {"out": self.outc(x)}
