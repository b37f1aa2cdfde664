# SPDX-License-Identifier: Apache-2.0
def reshape(attrs, inputs):
    return [inputs[0].reshape(attrs["dims"])]
