"""Each run writes scalars.json, whatever other backends its config has."""

import pytest
from mmengine.config import Config
from mmengine.visualization import LocalVisBackend

from npid_mm.config.scalar_log import write_scalars


def backends(visualizer):
    """Types of the backends after :func:`write_scalars`."""
    cfg = Config(dict(visualizer=visualizer))
    write_scalars(cfg)
    return [each['type'] for each in cfg.visualizer.vis_backends]


@pytest.mark.parametrize(
    ('others', 'expected'),
    [
        ([], ['LocalVisBackend']),
        (None, ['LocalVisBackend']),
        (['TensorboardVisBackend'], ['TensorboardVisBackend', 'LocalVisBackend']),
        (['WandbVisBackend', 'LocalVisBackend'], ['WandbVisBackend', 'LocalVisBackend']),
        (['mmengine.LocalVisBackend'], ['mmengine.LocalVisBackend']),
        ([LocalVisBackend], [LocalVisBackend]),
    ],
)
def test_a_local_backend_is_added_once(others, expected):
    listed = None if others is None else [dict(type=each) for each in others]
    assert backends(dict(type='Visualizer', vis_backends=listed)) == expected


def test_a_config_without_visualizer_is_left_to_mmengine():
    cfg = Config(dict(visualizer=None))
    write_scalars(cfg)
    assert cfg.visualizer is None
