"""The data preprocessor of a config."""

import pytest
from mmengine.config import Config

from npid_mm.config.preprocessor import preprocessor_config

OWN = dict(mean=[1.0])


@pytest.mark.parametrize(
    ('content', 'expected'),
    [
        (dict(model=dict(type='NPID')), dict(type='SelfSupDataPreprocessor')),
        (dict(model=dict(type='ProbeClassifier')), dict(type='ClsDataPreprocessor')),
        (
            dict(model=dict(type='NPID', data_preprocessor=OWN), data_preprocessor=dict(std=2)),
            dict(type='SelfSupDataPreprocessor', **OWN),
        ),
        (dict(model=dict(), data_preprocessor=dict(type='Other')), dict(type='Other')),
    ],
)
def test_the_model_comes_before_the_top_level_and_before_the_default(content, expected):
    assert preprocessor_config(Config(content)) == expected
