# SPDX-License-Identifier: Apache-2.0
"""PyTorch's own deviates come from another generator: these are made from the stream's definition."""
import torch


def normal(attrs, inputs, stream):
    dtype = {"f32": torch.float32, "f64": torch.float64}[attrs["dtype"]]
    count = 1
    for dim in attrs["dims"]:
        count *= dim
    deviates = torch.from_numpy(stream.normals(attrs["purpose"], count))
    return [deviates.reshape(attrs["dims"]).to(dtype)]
