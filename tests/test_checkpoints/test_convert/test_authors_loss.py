"""Tests that a converted NCE run continues as with the authors' code, from their formulas."""

import math

import pytest
import torch
from mmpretrain.registry import MODELS
from torch.nn import functional as F

from npid_mm.checkpoints.convert.convert import convert
from npid_mm.checkpoints.convert.importers import read_pretrained
from npid_mm.losses import estimate_z, nce_loss
from tests.test_checkpoints import foreign
from tests.toy import npid_config

EPSILON = 1e-7  # in both of the authors' denominators
IMAGENET = 1_281_167


def authors_nce(feature, bank, index, negatives, temperature, z, epsilon):
    """Value and gradient: probabilities with a constant Z, and the noise rate K / n."""
    noise = negatives.shape[1] / len(bank)
    total, gradient = 0.0, torch.zeros_like(feature)
    for number, (f, own, others) in enumerate(zip(feature, index, negatives, strict=True)):
        for row, is_own in [(bank[own], True)] + [(bank[other], False) for other in others]:
            p = math.exp(float(row @ f) / temperature) / z
            below = p + noise + epsilon
            total -= math.log((p if is_own else noise) / below)
            slope = p / below - is_own  # of -log by the logit
            gradient[number] += slope * row / temperature
    return total / len(feature), gradient / len(feature)


def ours(feature, *arguments):
    feature = feature.clone().requires_grad_()
    loss = nce_loss(feature, *arguments)
    loss.backward()
    return loss.item(), feature.grad


def case(length, dim, num, batch=2):
    index, negatives = torch.randint(length, (batch,)), torch.randint(length, (batch, num))
    bank = torch.zeros(length, dim, dtype=torch.float64)
    used = torch.cat([index, negatives.flatten()]).unique()  # the others take no memory
    bank[used] = F.normalize(torch.randn(len(used), dim, dtype=torch.float64))
    feature = F.normalize(bank[index] + 0.5 * torch.randn(batch, dim, dtype=torch.float64))
    return feature, bank, index, negatives


def test_without_the_small_constant_the_losses_are_equal():
    arguments = *case(length=300, dim=16, num=40, batch=4), 0.07, 450.0
    value, gradient = ours(*arguments)
    expected, slope = authors_nce(*arguments, epsilon=0)
    assert value == pytest.approx(expected, rel=1e-12)
    torch.testing.assert_close(gradient, slope, rtol=1e-10, atol=1e-12)


def test_small_constant_adds_a_number_and_leaves_the_gradient():
    """On ImageNet n times the constant, 0.13, as each of K terms grows by constant x n / K."""
    arguments = *case(length=IMAGENET, dim=128, num=4096), 0.07, 2.86e6
    value, gradient = ours(*arguments)
    expected, slope = authors_nce(*arguments, epsilon=EPSILON)
    assert expected - value == pytest.approx(IMAGENET * EPSILON, rel=2e-3)
    assert (gradient - slope).norm() < 1e-4 * slope.norm()


def authors_z(feature, bank, index, negatives, temperature):
    """Mean over a batch's B x (K + 1) exponentials, with each image's own row, times n."""
    rows = torch.cat([index[:, None], negatives], dim=1)
    values = [
        math.exp(float(bank[row] @ f) / temperature)
        for f, of_image in zip(feature, rows, strict=True)
        for row in of_image
    ]
    return len(bank) * sum(values) / len(values)


def test_authors_z_is_ours_with_the_own_row_counted_once_more():
    """On the same draws: one term of K + 1, the largest where an image lies on its row."""
    temperature, num = 0.07, 40
    feature, bank, index, negatives = case(length=300, dim=16, num=num, batch=4)
    theirs = authors_z(feature, bank, index, negatives, temperature)
    z = float(estimate_z(feature, bank, negatives, temperature))
    own = float(len(bank) * ((feature * bank[index]).sum(1) / temperature).exp().mean())
    assert theirs == pytest.approx((num * z + own) / (num + 1), rel=1e-12)
    assert theirs > z


def test_converted_npid_has_the_authors_loss(tmp_path, monkeypatch):
    """Z and bank of the file, on the same negatives."""
    parts = foreign.resnet_parts(rows=200)
    params = torch.tensor([50.0, 0.1, 3210.0, 0.5])
    path = foreign.write(foreign.lemniscate(parts, params), tmp_path / 'in.pth', False)
    convert(read_pretrained(path, 'lemniscate'), 'npid_mm', tmp_path / 'out.pth')
    loaded = torch.load(tmp_path / 'out.pth', weights_only=True)
    settings = loaded['meta']['settings']
    model = MODELS.build(
        npid_config(
            dict(
                type='NCEHead',
                num_negatives=int(settings['num_negatives']),
                temperature=settings['temperature'],
            ),
            momentum=settings['momentum'],
        )
    )
    for name in ('head', 'memory_bank'):
        own = {
            key.removeprefix(f'{name}.'): value
            for key, value in loaded['state_dict'].items()
            if key.startswith(f'{name}.')
        }
        getattr(model, name).load_state_dict(own)
    bank = parts['memory_bank.feature_bank']
    index, negatives = torch.tensor([3, 150]), torch.randint(200, (2, 50))
    monkeypatch.setattr(model.memory_bank, 'draw_negatives', lambda *_: negatives)
    feature = F.normalize(bank[index] + 0.1 * torch.randn(2, 16))
    expected, _ = authors_nce(
        feature.double(), bank.double(), index, negatives, 0.1, 3210.0, epsilon=EPSILON
    )
    loss = model.head.loss(feature, index, model.memory_bank)['loss']
    assert loss.item() == pytest.approx(expected, abs=200 * EPSILON + 1e-4)
    # the authors' momentum is the weight of the old row
    model.memory_bank.update(feature, index)
    moved = F.normalize(0.5 * bank[index] + (1 - 0.5) * feature)
    torch.testing.assert_close(model.memory_bank.feature_bank[index], moved)
