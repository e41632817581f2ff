"""Numbers among arguments: what is let through, and the sentence for the rest."""

import numpy as np
import pytest

from npid_mm.engine import MemoryBankHook
from npid_mm.evaluation.metrics import KNNAccuracy
from npid_mm.models import ExactSoftmaxHead, MemoryBank, NCEHead
from npid_mm.utils.checks import check_number, check_temperature, check_whole

WRONG = [True, '1', None, float('nan'), float('inf'), [1]]


@pytest.mark.parametrize('value', [1, np.int64(3), np.uint8(1)])
def test_whole_numbers(value):
    check_whole('k', value)


@pytest.mark.parametrize('value', [*WRONG, 1.0, 2.5, np.float32(2), np.bool_(True)])
def test_what_is_not_a_whole_number(value):
    with pytest.raises(ValueError, match=r'^k must be a whole number, got '):
        check_whole('k', value)


def test_a_whole_number_that_is_too_small():
    check_whole('seed', 0, least=0)
    with pytest.raises(ValueError, match=r'^seed must be at least 0, got -1$'):
        check_whole('seed', -1, least=0)


@pytest.mark.parametrize('value', [0.5, 1, np.float32(0.5), np.int64(1)])
def test_numbers(value):
    check_number('share', value, '(0, 1]')


@pytest.mark.parametrize('value', [*WRONG, 0, -0.1, 1.01, 1 + 0j])
def test_what_is_not_in_an_interval(value):
    with pytest.raises(ValueError, match=r'^share must be in \(0, 1\], got '):
        check_number('share', value, '(0, 1]')


@pytest.mark.parametrize(
    ('allowed', 'inside', 'outside', 'rule'),
    [
        ('(0, inf)', 1e300, 0, '> 0'),
        ('[0, inf)', 0, -1e-9, '>= 0'),
        ('[0, 1)', 0, 1, r'in \[0, 1\)'),
    ],
)
def test_ends_of_intervals(allowed, inside, outside, rule):
    check_number('x', inside, allowed)
    for value in (outside, float('inf')):
        with pytest.raises(ValueError, match=f'^x must be {rule}, got {value!r}$'):
            check_number('x', value, allowed)


@pytest.mark.parametrize('value', [True, '1'])
@pytest.mark.parametrize(
    ('factory', 'names'),
    [
        (ExactSoftmaxHead, ['temperature', 'proximal_weight']),
        (NCEHead, ['num_negatives', 'z_batches', 'z_momentum']),
        (MemoryBank, ['length', 'feat_dim', 'momentum']),
        (MemoryBankHook, ['knn_interval', 'knn_k', 'knn_temperature', 'knn_queries']),
        (KNNAccuracy, ['topk']),
    ],
)
def test_bools_and_texts_are_not_numbers(factory, names, value):
    for name in names:
        with pytest.raises(ValueError, match=rf'^{name}.* must be .*, got {value!r}$'):
            factory(**{name: value})


@pytest.mark.parametrize(
    ('value', 'arguments', 'message'),
    [
        (0, {}, 'temperature must be > 0, got 0'),
        (float('nan'), {}, 'temperature must be > 0, got nan'),
        ('0.07', dict(name='tau'), "tau must be > 0, got '0.07'"),
        (9e-4, {}, r'temperature must be at least 0\.001, below which the rounding .*, got 0.0009'),
        (
            0.011,
            dict(terms=1),
            r'temperature must be at least 0\.0113, below it the sum of 1 exp\(1',
        ),
        (
            0.02,
            dict(terms=9, peak=2.0),
            r'at least 0.0231, .* 9 exp\(2 / .* overflows torch.float32',
        ),
    ],
)
def test_temperatures_that_are_too_low(value, arguments, message):
    with pytest.raises(ValueError, match=message):
        check_temperature(value, **arguments)
    check_temperature(0.07, **arguments)
