# SPDX-License-Identifier: Apache-2.0
import torch


def top_k_correct(attrs, inputs):
    logits, labels = inputs
    k = min(int(attrs["k"]), logits.shape[1])
    best = torch.topk(logits, k, dim=1).indices
    return [(best == labels.long().unsqueeze(1)).any(1).sum()]
