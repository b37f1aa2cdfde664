# SPDX-License-Identifier: Apache-2.0
import torch


def lion(attrs, inputs):
    """PyTorch has no Lion: the paper's algorithm 2, written down plainly."""
    param, grad, m, lr, grad_scale = inputs
    beta1, beta2 = attrs["beta1"], attrs["beta2"]
    g = grad * grad_scale
    step = torch.sign(beta1 * m + (1 - beta1) * g) + attrs["weight_decay"] * param
    return [param - lr * step, beta2 * m + (1 - beta2) * g]
