# SPDX-License-Identifier: Apache-2.0
import torch


def batch_norm_totals(attrs, inputs):
    n = attrs["elements"] if attrs["elements"] >= 2 else 0
    return [torch.tensor(float(n), dtype=torch.float64)] + [n * x.double() for x in inputs]
