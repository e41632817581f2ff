"""Proximal term against a plain loop."""

import torch

from npid_mm.losses import proximal_loss
from tests.test_losses.reference import case


def test_equals_a_plain_loop():
    feature, bank, index, _ = case()
    expected = sum(
        sum((a - b) ** 2 for a, b in zip(f, bank[i].tolist(), strict=True))
        for f, i in zip(feature.tolist(), index.tolist(), strict=True)
    ) / len(index)
    loss = proximal_loss(feature, bank, index)
    torch.testing.assert_close(loss.item(), expected, rtol=1e-12, atol=0)


def test_gradient_equals_numerical_gradient():
    feature, bank, index, _ = case()
    assert torch.autograd.gradcheck(lambda f: proximal_loss(f, bank, index), feature)
