# SPDX-License-Identifier: Apache-2.0
import torch


def l1(attrs, inputs):
    x, t = inputs
    numerator = torch.nn.functional.l1_loss(x, t, reduction="sum").double()
    return [numerator, torch.tensor(float(x.numel()), dtype=torch.float64)]


def l1_grad(attrs, inputs):
    x, t, dnumerator = inputs
    x = x.clone().requires_grad_()
    return torch.autograd.grad([l1(attrs, [x, t])[0]], [x], [dnumerator])
