"""The sampler that skips the beginning of an interrupted epoch."""

import pytest

from npid_mm.datasets import ResumableSampler


def test_only_the_next_pass_skips_samples():
    sampler = ResumableSampler(range(7), seed=3)
    order = list(sampler)
    sampler.skip(5)
    assert len(sampler) == 7
    assert list(sampler) == order[5:]
    assert list(sampler) == order
    with pytest.raises(ValueError, match='num_samples must be at least 0, got -1'):
        sampler.skip(-1)
