# SPDX-License-Identifier: Apache-2.0
import torch


def concat(attrs, inputs):
    return [torch.cat(inputs, -1)]


def slice_channels(attrs, inputs):
    return [inputs[0].narrow(-1, attrs["begin"], attrs["count"])]


def place_channels(attrs, inputs):
    x, = inputs
    return [torch.nn.functional.pad(x, (attrs["begin"], attrs["channels"] - attrs["begin"] - x.shape[-1]))]
