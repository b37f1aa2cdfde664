# SPDX-License-Identifier: Apache-2.0
import torch


def confusion_matrix(attrs, inputs):
    logits, labels = inputs
    classes = logits.shape[1]
    pairs = labels.long() * classes + logits.argmax(1)
    return [torch.bincount(pairs, minlength=classes * classes).reshape(classes, classes)]
