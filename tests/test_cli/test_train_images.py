"""The options of npid train IMAGES, as pretrain gets them."""

from pathlib import Path
from types import SimpleNamespace

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
