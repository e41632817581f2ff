"""Ranks, started once for all tests of a sharded bank."""

import pytest

from tests.test_distributed.ranks import run_ranks
from tests.test_distributed.sharded_work import on_three_ranks, on_two_ranks


@pytest.fixture(scope='session')
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp('sharded')


@pytest.fixture(scope='session')
def three(digits, folder):
    return run_ranks(on_three_ranks, 3, digits, folder / 'three')


@pytest.fixture(scope='session')
def two(digits, folder, three):
    """Two ranks, which also load the checkpoint of three."""
    saved = dict(feature_bank=three[0]['statistics'][False]['full'])
    checkpoint = str(folder / 'three/epoch_1.pth')
    return run_ranks(on_two_ranks, 2, digits, folder / 'two', saved, checkpoint)


@pytest.fixture(params=['two', 'three'])
def ranks(request):
    return request.getfixturevalue(request.param)
