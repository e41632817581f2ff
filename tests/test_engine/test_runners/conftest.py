"""Fixtures of the SVM loops."""

import pytest

from tests.svm_runs import COSTS, FULL, svm_config, untrained


@pytest.fixture(scope='session')
def random_weights(tmp_path_factory):
    """Checkpoint of an untrained network."""
    return untrained(tmp_path_factory.mktemp('untrained') / 'weights.pth')


@pytest.fixture
def svm(voc2007, random_weights, tmp_path):
    """The full protocol on few images at three costs."""
    return svm_config(FULL, voc2007, tmp_path / 'work', random_weights, costs=COSTS)
