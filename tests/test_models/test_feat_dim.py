"""Dimensions of backbone, neck, head and memory bank that have to agree."""

import pytest
import torch
from mmpretrain.registry import MODELS

from tests.toy import NECK, npid_config

HEAD = dict(type='ExactSoftmaxHead', temperature=0.2)
IMAGES = torch.zeros(4, 3, 16, 16)


def build(head=HEAD, bank=None, **options):
    bank = dict(type='MemoryBank', length=10, **(bank or {}))
    return MODELS.build({**npid_config(head), 'memory_bank': bank, **options})


def test_bank_and_head_take_their_dimension_from_the_neck():
    model = build(dict(type='ParametricSoftmaxHead', length=10))
    assert model.memory_bank.feature_bank.shape == model.head.weight.shape == (10, 16)


def test_bank_beside_a_neck_of_unknown_width_keeps_its_own_dimension():
    model = build(neck=dict(type='GlobalAveragePooling'), bank=dict(feat_dim=64))
    assert model.embed(IMAGES).shape == (4, model.memory_bank.feat_dim)
    assert build(neck=dict(type='GlobalAveragePooling')).memory_bank.feat_dim == 128


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (
            dict(bank=dict(feat_dim=8)),
            'memory_bank.feat_dim is 8, but neck.out_channels is 16: leave memory_bank.feat_dim',
        ),
        (
            dict(head=dict(type='ParametricSoftmaxHead', length=10, feat_dim=8)),
            'head.feat_dim is 8, but neck.out_channels is 16: leave head.feat_dim out',
        ),
    ],
)
def test_dimension_that_is_not_the_necks_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**arguments)


@pytest.mark.parametrize(
    'neck',
    [
        dict(NECK, in_channels=2048),
        dict(
            type='NonLinearNeck',
            in_channels=2048,
            hid_channels=16,
            out_channels=16,
            with_avg_pool=True,
            norm_cfg=dict(type='BN1d'),
        ),
    ],
    ids=['linear', 'non-linear'],
)
def test_another_width_than_the_backbones_is_refused_at_the_first_batch(neck):
    message = (
        r'model\.neck\.in_channels is 2048, but the backbone ResNet_CIFAR gives 64 numbers per '
        r'image: set model\.neck\.in_channels=64'
    )
    with pytest.raises(ValueError, match=message):
        build(neck=neck).embed(IMAGES)
