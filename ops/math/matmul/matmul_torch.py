# SPDX-License-Identifier: Apache-2.0
def matmul(attrs, inputs):
    a, b = inputs
    return [(a.t() if attrs["transpose_a"] else a) @ (b.t() if attrs["transpose_b"] else b)]
