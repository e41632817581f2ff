"""The options of npid train IMAGES, as pretrain gets them."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.config import Config

from npid_mm.cli import train_images


def test_options_reach_pretrain(monkeypatch):
    calls = []

    def pretrain(*arguments, **options):
        calls.append((arguments, options))
        return SimpleNamespace(checkpoint=Path('run/epoch_1.pth'))

    monkeypatch.setattr(train_images, 'pretrain', pretrain)
    words = ['images', '--out', 'run', '--model', 'timm/resnet26', '--weights', 'pretrained']
    train_images.main([*words, '--freeze', '2', '--layer-decay', '0.75', '--stop-if-worse'])
    train_images.main(['images', '--out', 'run'])
    (arguments, options), (_, plain) = calls
    assert arguments == (['images'], 'run', 'timm/resnet26')
    given = dict(weights='pretrained', freeze=2, layer_decay=0.75, stop_if_worse=True)
    assert {name: options[name] for name in given} == given
    assert not plain.get('stop_if_worse') and not {'weights', 'freeze'} & plain.keys()


def test_several_processes_train_the_written_config(monkeypatch, tmp_path):
    calls, out = [], tmp_path / 'run'
    out.mkdir()

    @contextmanager
    def prepared(*arguments, **options):
        calls.append((arguments, options))
        yield Config(dict(train_cfg=dict(max_epochs=3)))

    def launch(command, words, ranks):
        calls.append((command, words, ranks))
        return 143

    monkeypatch.setattr(train_images, 'prepared_training', prepared)
    monkeypatch.setattr(train_images, 'launch_ranks', launch)
    words = ['images', '--out', str(out), '--gpus', '2']
    assert train_images.main([*words, '--epochs', '3']) == 143
    ((images, folder, model), options), launched = calls
    assert (images, folder, model) == (['images'], out, 'resnet18')
    assert (options['ranks'], options['epochs']) == (2, 3)
    config = out / 'config.py'
    assert launched == ('train', [str(config)], 2)
    assert Config.fromfile(config).train_cfg.max_epochs == 3
    with pytest.raises(ValueError, match='--device .* got cpu with --gpus 2: leave one'):
        train_images.main([*words, '--device', 'cpu'])
    with pytest.raises(ValueError, match='--gpus must be at least 1, got 0'):
        train_images.main([*words[:-1], '0'])
