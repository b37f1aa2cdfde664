# SPDX-License-Identifier: Apache-2.0
import torch


def keep_rows(attrs, inputs):
    x, count = inputs
    kept = (count > 0).reshape([-1] + [1] * (x.dim() - 1))
    return [torch.where(kept, x, torch.zeros_like(x))]
