# SPDX-License-Identifier: Apache-2.0
import torch


def matmul(attrs, inputs):
    a, b = inputs
    return [(a.t() if attrs["transpose_a"] else a) @ (b.t() if attrs["transpose_b"] else b)]


def matmul_bias(attrs, inputs):
    a, b, bias = inputs
    activation = {"none": lambda y: y, "relu": torch.relu}[attrs["activation"]]
    return [activation(matmul(attrs, [a, b])[0] + bias)]
