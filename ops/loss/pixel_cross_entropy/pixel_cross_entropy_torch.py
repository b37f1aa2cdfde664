# SPDX-License-Identifier: Apache-2.0
import torch


def _weights(attrs, p):
    return torch.tensor(attrs["class_weights"], dtype=p.dtype).expand(p.shape[-1])


def pixel_cross_entropy(attrs, inputs):
    logits, mask = inputs
    weights, target = _weights(attrs, logits), mask.long()
    log_p = torch.log_softmax(logits, -1).permute(0, 3, 1, 2).contiguous()
    counted = target != attrs["ignore"]
    if attrs["gamma"] == 0:
        numerator = attrs["alpha"] * torch.nn.functional.nll_loss(log_p, target, weights, reduction="sum",
                                                                  ignore_index=attrs["ignore"])
    else:
        own = log_p.permute(0, 2, 3, 1)[counted].gather(1, target[counted].unsqueeze(1)).squeeze(1)
        numerator = -(attrs["alpha"] * weights[target[counted]] * (1 - own.exp()) ** attrs["gamma"] * own).sum()
    return [numerator, weights[target[counted]].sum().double(), torch.softmax(logits, -1)]


def pixel_cross_entropy_grad(attrs, inputs):
    """By the class's own probability, through d log p / d logits = onehot - p: a sample's need not sum to 1."""
    p, mask, dnumerator = inputs
    counted = mask != attrs["ignore"]
    target = torch.where(counted, mask, 0).long().unsqueeze(-1)
    own = p.gather(-1, target).requires_grad_()
    loss = -attrs["alpha"] * _weights(attrs, p)[target] * (1 - own) ** attrs["gamma"] * own.log()
    slope, = torch.autograd.grad([loss.sum()], [own], [dnumerator])
    onehot = torch.zeros_like(p).scatter_(-1, target, 1.0)
    return [counted.unsqueeze(-1) * slope * own.detach() * (onehot - p)]
