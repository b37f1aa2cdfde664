# SPDX-License-Identifier: Apache-2.0
import torch


def _sums(attrs, p, mask):
    """I, P, T of each row and class, (N, K, 3)."""
    counted = (mask != attrs["ignore"]).unsqueeze(-1)
    target = torch.where(counted.squeeze(-1), mask, 0).long()
    onehot = torch.nn.functional.one_hot(target, p.shape[-1]).to(p.dtype) * counted
    kept = p * counted
    return torch.stack([(kept * onehot).sum((1, 2)), (kept * kept if attrs["squared"] else kept).sum((1, 2)),
                        onehot.sum((1, 2))], -1)


def dice(attrs, inputs):
    logits, mask = inputs
    p = torch.softmax(logits, -1)
    sums = _sums(attrs, p, mask)
    smooth = attrs["smooth"]
    values = (2 * sums[..., 0] + smooth) / (sums[..., 1] + sums[..., 2] + smooth)
    numerator = (1 - values[:, attrs["first_class"]:].mean(1)).sum()
    return [numerator, torch.tensor(float(len(p)), dtype=torch.float64), p, sums.detach()]


def dice_grad(attrs, inputs):
    """A sample's sums are not those of its probabilities, so the loss is differentiated by the sums first."""
    p, mask, sums, dnumerator = inputs
    first, smooth = attrs["first_class"], attrs["smooth"]
    if len(p) == 0:
        return [torch.zeros_like(p)]
    given = sums.clone().requires_grad_()
    values = (2 * given[..., 0] + smooth) / (given[..., 1] + given[..., 2] + smooth)
    dsums, = torch.autograd.grad([(1 - values[:, first:].mean(1)).sum()], [given], [dnumerator])
    free = p.clone().requires_grad_()
    slope, = torch.autograd.grad([_sums(attrs, free, mask)], [free], [dsums])
    return [p * (slope - (slope * p).sum(-1, keepdim=True)) * (mask != attrs["ignore"]).unsqueeze(-1)]
