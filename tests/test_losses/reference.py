"""Reference losses as plain loops over Python floats, and data for them."""

import math

import torch
from torch.nn import functional as F


def case(batch=4, length=23, dim=5, num=9, seed=0, dtype=torch.float64):
    """Unit features near their own rows, unit rows, own rows and negatives."""
    generator = torch.Generator().manual_seed(seed)
    bank = torch.randn(length, dim, generator=generator, dtype=torch.float64)
    bank /= bank.norm(dim=1, keepdim=True)
    index = torch.randint(length, (batch,), generator=generator)
    feature = bank[index] + 0.4 * torch.randn(batch, dim, generator=generator, dtype=torch.float64)
    feature /= feature.norm(dim=1, keepdim=True)
    negatives = torch.randint(length, (batch, num), generator=generator)
    return feature.to(dtype).requires_grad_(), bank.to(dtype), index, negatives


def dot(left, right):
    return sum(a * b for a, b in zip(left, right, strict=True))


def softmax_loop(feature, bank, index, chosen, temperature):
    """Cross entropy of row index[i] within the rows chosen[i], and its gradient."""
    feature, bank = feature.tolist(), bank.tolist()
    loss, gradient = 0.0, []
    for f, own, rows in zip(feature, index.tolist(), chosen, strict=True):
        logits = [dot(f, bank[j]) / temperature for j in rows]
        top = max(logits)
        total = sum(math.exp(logit - top) for logit in logits)
        loss += top + math.log(total) - dot(f, bank[own]) / temperature
        slope = [-v / temperature for v in bank[own]]
        for j, logit in zip(rows, logits, strict=True):
            p = math.exp(logit - top) / total
            slope = [s + p * v / temperature for s, v in zip(slope, bank[j], strict=True)]
        gradient.append([s / len(feature) for s in slope])
    return loss / len(feature), gradient


def dense_loss(feature, bank, index, temperature):
    return F.cross_entropy(feature @ bank.T / temperature, index)


def nce_loop(feature, bank, index, negatives, temperature, z):
    """The paper's formula as printed: h = P / (P + M / N), and its gradient."""
    length, num = len(bank), negatives.shape[1]
    feature, bank = feature.tolist(), bank.tolist()
    loss, gradient = 0.0, []
    for f, own, rows in zip(feature, index.tolist(), negatives.tolist(), strict=True):
        slope = [0.0] * len(f)
        for j, is_data in [(own, True)] + [(j, False) for j in rows]:
            p = math.exp(dot(f, bank[j]) / temperature) / z
            h = p / (p + num / length)
            loss -= math.log(h) if is_data else math.log(1 - h)
            weight = (h - is_data) / temperature
            slope = [s + weight * v for s, v in zip(slope, bank[j], strict=True)]
        gradient.append([s / len(feature) for s in slope])
    return loss / len(feature), gradient
