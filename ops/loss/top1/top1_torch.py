# SPDX-License-Identifier: Apache-2.0
def top1_correct(attrs, inputs):
    logits, labels = inputs
    return [(logits.argmax(1) == labels).sum()]
