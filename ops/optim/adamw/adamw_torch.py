# SPDX-License-Identifier: Apache-2.0
import torch


def adamw(attrs, inputs):
    """One step of torch.optim.AdamW from the given state.

    PyTorch makes the bias corrections from its step number, ours are inputs. It is brought to ours by its learning
    rate, eps and weight decay: lr / b1 * m / (sqrt(v / b2) + eps) = lr' / b1' * m / (sqrt(v / b2') + eps') with
    eps' = eps sqrt(b2 / b2') and lr' = lr (b1' / b1) sqrt(b2 / b2'), and lr weight_decay = lr' weight_decay'.
    """
    param, grad, m, v, lr, grad_scale, bias1, bias2 = inputs
    beta1, beta2, steps_before = attrs["beta1"], attrs["beta2"], 3
    torch_bias1, torch_bias2 = (1 - beta**(steps_before + 1) for beta in (beta1, beta2))
    root = (bias2.item() / torch_bias2)**0.5
    factor = torch_bias1 / bias1.item() * root
    p = param.clone()
    p.grad = grad * grad_scale
    optimizer = torch.optim.AdamW([p], lr=lr.item() * factor, betas=(beta1, beta2), eps=attrs["eps"] * root,
                                  weight_decay=attrs["weight_decay"] / factor)
    optimizer.state[p].update(step=torch.tensor(float(steps_before)), exp_avg=m.clone(), exp_avg_sq=v.clone())
    optimizer.step()
    return [p, optimizer.state[p]["exp_avg"], optimizer.state[p]["exp_avg_sq"]]
