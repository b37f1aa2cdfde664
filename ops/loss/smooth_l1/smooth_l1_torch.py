# SPDX-License-Identifier: Apache-2.0
import torch


def smooth_l1(attrs, inputs):
    x, t = inputs
    numerator = torch.nn.functional.smooth_l1_loss(x, t, reduction="sum", beta=attrs["beta"]).double()
    return [numerator, torch.tensor(float(x.numel()), dtype=torch.float64)]


def smooth_l1_grad(attrs, inputs):
    x, t, dnumerator = inputs
    x = x.clone().requires_grad_()
    return torch.autograd.grad([smooth_l1(attrs, [x, t])[0]], [x], [dnumerator])
