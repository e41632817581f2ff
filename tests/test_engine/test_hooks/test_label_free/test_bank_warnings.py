"""Warnings about trainings that do not learn."""

import math
import re

import pytest
import torch
from mmpretrain.registry import MODELS

from npid_mm.engine.hooks.label_free.bank_warnings import CHANCE_EPOCHS, ChanceLevel, bank_warnings
from npid_mm.models import MemoryBank
from tests.toy import unit_rows

HEALTHY = dict(bank_rankme=40.0, bank_uniformity=-2.0)


def test_a_healthy_training_gets_no_warning():
    assert bank_warnings(HEALTHY, 128, 0.1, None) == {}
    assert bank_warnings({}, 128, None, None) == {}


@pytest.mark.parametrize(
    ('figures', 'moved', 'chance', 'message'),
    [
        (dict(HEALTHY, bank_rankme=3.2), None, None, r'has collapsed: .* about 3.2 of 128'),
        (dict(HEALTHY, bank_uniformity=-0.01), None, None, 'has collapsed: .* uniformity is -0.01'),
        (HEALTHY, 1e-9, None, r'does not move: .* 1.0e-09 on average. Check .*lr is above 0'),
        (HEALTHY, 0.1, (6.9, 6.91), r'stays at chance level: 6.900 after 5 epochs, 6.910 for a'),
    ],
)
def test_each_cause_is_told_with_its_figures(figures, moved, chance, message):
    (text,) = bank_warnings(figures, 128, moved, chance).values()
    assert re.search(message, text)


def test_chance_level_needs_several_epochs_in_a_row():
    head, chance = MODELS.build(dict(type='ExactSoftmaxHead')), math.log(100)
    level = ChanceLevel()

    def epoch(*losses):
        for loss in losses:
            level.add(torch.tensor(loss))
        return level.end_epoch(head, 100)

    for _ in range(CHANCE_EPOCHS - 1):
        assert epoch(chance, chance + 0.2) is None
    assert epoch(chance - 1, chance - 1) is None  # and the count starts again
    for _ in range(CHANCE_EPOCHS - 1):
        assert epoch(chance) is None
    assert epoch(chance, chance - 0.02) == pytest.approx((chance - 0.01, chance), abs=1e-6)


@pytest.mark.parametrize(
    'head',
    [
        dict(type='ExactSoftmaxHead', temperature=10.0),
        dict(type='SampledSoftmaxHead', num_negatives=30, temperature=10.0),
        dict(type='NCEHead', num_negatives=30, temperature=10.0),
        dict(type='ParametricSoftmaxHead', length=50, feat_dim=64, temperature=10.0),
    ],
)
def test_chance_loss_is_the_loss_of_a_head_that_cannot_tell_images_apart(head):
    """At a high temperature all images are about equally likely."""
    bank = MemoryBank(length=50, feat_dim=64)
    head = MODELS.build(head)
    loss = head.loss(unit_rows(40, 64, seed=9), torch.arange(40), bank)['loss']
    assert float(loss) == pytest.approx(head.chance_loss(50), rel=0.02)


def test_a_head_without_a_chance_level_is_not_judged():
    level = ChanceLevel()
    for _ in range(2 * CHANCE_EPOCHS):
        level.add(torch.tensor(9.0))
        assert level.end_epoch(object(), 10) is None
