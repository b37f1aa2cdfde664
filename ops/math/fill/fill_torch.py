# SPDX-License-Identifier: Apache-2.0
import torch


def fill(attrs, inputs):
    dtype = {"f32": torch.float32, "f64": torch.float64}[attrs["dtype"]]
    return [torch.full(attrs["dims"], attrs["value"], dtype=dtype)]
