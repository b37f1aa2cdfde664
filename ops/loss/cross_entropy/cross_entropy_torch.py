# SPDX-License-Identifier: Apache-2.0
import torch

ZERO_GRADIENT = {("cross_entropy", "one_class", 0): "the probability of the only class is 1, whatever the logit"}


def cross_entropy(attrs, inputs):
    logits, labels = inputs
    numerator = torch.nn.functional.cross_entropy(logits, labels.long(), reduction="sum",
                                                  label_smoothing=attrs["label_smoothing"])
    denominator = torch.tensor(float(len(logits)), dtype=torch.float64)
    return [numerator, denominator, torch.softmax(logits, 1)]


def cross_entropy_grad(attrs, inputs):
    """The gradient is linear in the probabilities, so ours need not sum to 1 (a sample's do not): it is that at the
    logits log p, corrected by what softmax normalised away."""
    p, labels, dnumerator = inputs
    logits = p.log().requires_grad_()
    numerator, _, softmax = cross_entropy(attrs, [logits, labels])
    dlogits, = torch.autograd.grad([numerator], [logits], [dnumerator])
    return [dlogits + (p - softmax.detach()) * dnumerator]
