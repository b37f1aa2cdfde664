# SPDX-License-Identifier: Apache-2.0
import torch


def ema(attrs, inputs):
    average, param, weight = inputs
    return [torch.lerp(average, param, weight)]
