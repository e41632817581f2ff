"""Tests of filling a network from a state dict, completely or not at all."""

import pytest
import torch

from npid_mm.checkpoints import complete_state, fit_report, non_finite

OWN = {
    'backbone.conv1.weight': torch.zeros(2),
    'backbone.bn1.num_batches_tracked': torch.zeros((), dtype=torch.long),
    'neck.fc.weight': torch.zeros(3),
    'neck.fc.bias': torch.zeros(1),
}
GIVEN = {name: torch.ones_like(value) for name, value in OWN.items()}


@pytest.mark.parametrize(
    ('backbone', 'others'),
    [
        ('backbone.', ''),
        ('', ''),
        ('module.', ''),
        ('module.backbone.', 'module.'),
        ('encoder.', ''),
    ],
)
def test_prefixes_of_other_code_are_removed(backbone, others):
    given = {
        backbone + name.removeprefix('backbone.') if 'backbone' in name else others + name: value
        for name, value in GIVEN.items()
    }
    filled, absent = complete_state(OWN, given, 'do this')
    assert filled.keys() == OWN.keys() and absent == []
    assert all(value.all() for value in filled.values())


def test_counters_may_be_missing_and_other_keys_are_left_out():
    given = GIVEN | {'memory_bank.multinomial.prob': torch.ones(9), 'epoch': 3}
    del given['backbone.bn1.num_batches_tracked']
    filled, _ = complete_state(OWN, given, 'do this')
    assert filled.keys() == OWN.keys() - {'backbone.bn1.num_batches_tracked'}


def test_an_optional_part_may_only_be_missing_as_a_whole():
    backbone = {name: value for name, value in GIVEN.items() if name.startswith('backbone.')}
    assert complete_state(OWN, backbone, '', optional=['neck', 'head'])[1] == ['neck']
    with pytest.raises(ValueError, match=r'2 missing: neck\.fc\.weight, neck\.fc\.bias\)'):
        complete_state(OWN, backbone, '')
    half = backbone | {'neck.fc.bias': torch.ones(1)}
    with pytest.raises(ValueError, match=r'1 of 4 weights .* \(1 missing: neck\.fc\.weight\)'):
        complete_state(OWN, half, '', optional=['neck'])


def test_the_message_lists_misfits_content_and_advice():
    given = dict(GIVEN, **{'backbone.conv1.weight': torch.ones(4), 'backbone.more': torch.ones(1)})
    del given['neck.fc.bias']
    with pytest.raises(ValueError) as error:
        complete_state(OWN, given, 'do this')
    assert str(error.value) == (
        'the checkpoint does not fit the model: 2 of 4 weights would stay unfilled (1 missing: '
        'neck.fc.bias; 1 unexpected: backbone.more; 1 of another shape: backbone.conv1.weight '
        '(4,) instead of (2,)); it holds 4: backbone.conv1.weight, '
        'backbone.bn1.num_batches_tracked, neck.fc.weight, backbone.more; do this'
    )


def test_an_unknown_prefix_is_named():
    given = {
        f'momentum_encoder.{name.removeprefix("backbone.")}': each for name, each in GIVEN.items()
    }
    with pytest.raises(
        ValueError, match="the backbone has 'momentum_encoder.' in front of each name"
    ):
        complete_state(OWN, given, 'do this', optional=['neck'])


@pytest.mark.parametrize('value', [torch.nan, torch.inf])
def test_weights_of_a_diverged_training_are_refused(value):
    given = GIVEN | {'neck.fc.weight': torch.tensor([1.0, value, 1.0])}
    assert non_finite(given) == ['neck.fc.weight']
    message = r'NaN or infinity in 1 of 4 weights \(neck\.fc\.weight\): its training diverged'
    with pytest.raises(ValueError, match=message):
        complete_state(OWN, given, 'do this')


def test_report_counts_and_shows_the_first_five():
    own = {f'a{number}': torch.zeros(1) for number in range(6)}
    assert fit_report(own, {}) == '6 missing: a0, a1, a2, a3, a4 and 1 more'
    assert fit_report(own, own) == ''
