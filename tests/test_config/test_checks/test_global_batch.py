"""A warning if the global batch is not that of the learning rate."""

import pytest
from mmengine.config import Config

from npid_mm.config.checks import global_batch


@pytest.fixture
def warnings(monkeypatch):
    """Return the warnings for a batch and a number of ranks, with a rate meant for 256."""

    def of(batch, ranks=1, **settings):
        texts = []
        monkeypatch.setattr(global_batch, 'get_world_size', lambda: ranks)
        monkeypatch.setattr(global_batch, 'print_log', lambda text, **_: texts.append(text))
        cfg = dict(
            train_dataloader=dict(batch_size=batch),
            optim_wrapper=dict(accumulative_counts=1),
            auto_scale_lr=dict(base_batch_size=256),
        )
        global_batch.warn_of_global_batch(Config(cfg | settings))
        return texts

    return of


def test_another_batch_gives_a_warning_with_advice(warnings):
    (text,) = warnings(32, ranks=4, optim_wrapper=dict(accumulative_counts=3))
    assert 'meant for a global batch of 256 images' in text
    assert 'this run has 384: train_dataloader.batch_size=32 x 4 ranks x 3 accumulated' in text
    assert 'add --auto-scale-lr' in text
    assert len(warnings(32)) == 1


def test_the_expected_batch_is_silent(warnings):
    assert not warnings(256)
    assert not warnings(32, ranks=8)
    assert not warnings(64, ranks=2, optim_wrapper=dict(accumulative_counts=2))
    assert not warnings(64, ranks=4, optim_wrapper=dict())


def test_scaled_rates_and_configs_without_a_batch_are_silent(warnings):
    assert not warnings(32, auto_scale_lr=dict(base_batch_size=256, enable=True))
    assert not warnings(32, auto_scale_lr=None)
