"""Pretrained network for the tests of probes."""

import pytest

from tests.probes import pretrain


@pytest.fixture(scope='session')
def pretrained(digits, tmp_path_factory):
    """Checkpoint of an NPID that was trained on the digits for a few epochs."""
    return pretrain(digits, tmp_path_factory.mktemp('npid'))
