# SPDX-License-Identifier: Apache-2.0
import torch

_ONE = "with one element a channel the output is beta, whatever x and gamma"
ZERO_GRADIENT = {(op, sample, i): _ONE
                 for op, sample in (("batch_norm_train", "one_row"), ("batch_norm_relu_train", "one_row"),
                                    ("batch_norm_relu_train", "one_row_residual"))
                 for i in (0, 1)}


def _rows(x):
    return x.reshape(-1, x.shape[-1])


def batch_norm_train(attrs, inputs):
    x, gamma, beta = inputs
    rows, mean, var = _rows(x), torch.zeros_like(beta.detach()), torch.zeros_like(beta.detach())
    if len(rows) == 0:  # PyTorch dies of it (a division by 0); we say mean and variance are 0
        return [x * gamma + beta, mean, var, torch.full_like(beta, attrs["eps"]).rsqrt()]
    # Momentum 1: the running statistics become those of the batch.
    y, batch_mean, inv_std = torch.native_batch_norm(rows, gamma, beta, mean, var, True, 1.0, attrs["eps"])
    if len(rows) == 1:  # an unbiased variance does not exist; PyTorch has NaN, we have 0
        var = torch.zeros_like(var)
    return [y.reshape(x.shape), batch_mean, var, inv_std]


def batch_norm_grad(attrs, inputs):
    x, gamma, mean, inv_std, dy = inputs
    if x.numel() == 0:  # PyTorch refuses it: sums over no rows
        return [torch.zeros_like(x), torch.zeros_like(gamma), torch.zeros_like(gamma)]
    dx, dgamma, dbeta = torch.ops.aten.native_batch_norm_backward(_rows(dy), _rows(x), gamma, None, None, mean, inv_std,
                                                                  True, 0.0, [True, True, True])
    return [dx.reshape(x.shape), dgamma, dbeta]


def batch_norm_infer(attrs, inputs):
    x, gamma, beta, mean, var = inputs
    # PyTorch gives no gradient of the running statistics, so its formula is written out.
    y = (x - mean) * torch.rsqrt(var + attrs["eps"]) * gamma + beta
    own = torch.nn.functional.batch_norm(_rows(x), mean.detach(), var.detach(), gamma, beta, False, 0.0, attrs["eps"])
    assert torch.allclose(y, own.reshape(x.shape), rtol=1e-5, atol=1e-5)
    return [y]


def batch_norm_infer_grad(attrs, inputs):
    x, gamma, mean, var, dy = (tensor.detach() for tensor in inputs)
    leaves = [tensor.clone().requires_grad_() for tensor in (x, gamma, torch.zeros_like(gamma), mean, var)]
    y = batch_norm_infer(attrs, leaves)[0]
    return list(torch.autograd.grad(y, leaves, dy))


def _rest(attrs, y, inputs):
    return torch.relu(y + inputs[-1] if attrs["residual"] else y)


def batch_norm_relu_train(attrs, inputs):
    y, *statistics = batch_norm_train(attrs, inputs[:3])
    return [_rest(attrs, y, inputs), *statistics]


def batch_norm_relu_grad(attrs, inputs):
    x, gamma, beta, mean, inv_std, dy = inputs
    y = (x - mean) * inv_std * gamma + beta
    return batch_norm_grad(attrs, [x, gamma, mean, inv_std, torch.where(y > 0, dy, torch.zeros_like(dy))])


def batch_norm_add_relu_grad(attrs, inputs):
    x, gamma, mean, inv_std, y, dy = inputs
    dz = torch.where(y > 0, dy, torch.zeros_like(dy))
    return batch_norm_grad(attrs, [x, gamma, mean, inv_std, dz]) + [dz]


def batch_norm_relu_infer(attrs, inputs):
    return [_rest(attrs, batch_norm_infer(attrs, inputs[:5])[0], inputs)]
