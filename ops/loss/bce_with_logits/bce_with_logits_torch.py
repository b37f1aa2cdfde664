# SPDX-License-Identifier: Apache-2.0
import torch


def bce_with_logits(attrs, inputs):
    x, t = inputs
    weights = torch.tensor(attrs["pos_weight"], dtype=x.dtype)
    numerator = torch.nn.functional.binary_cross_entropy_with_logits(
        x, t, reduction="sum", pos_weight=weights).double()
    return [numerator, torch.tensor(float(x.numel()), dtype=torch.float64)]


def bce_with_logits_grad(attrs, inputs):
    x, t, dnumerator = inputs
    x = x.clone().requires_grad_()
    return torch.autograd.grad([bce_with_logits(attrs, [x, t])[0]], [x], [dnumerator])
