"""Detection configs, trained and tested on scenes of digits in the layout of their data."""

import pytest
import torch

from npid_mm.suites.detection import DETECTION as SUITE
from tests.toy import ROOT
from tests.transfer.small import train
from tests.transfer.small_detection import CONFIGS, VOC07, small_config

SHARED = 'roi_head.shared_head.'
pytestmark = pytest.mark.slow


def backbone_of(state: dict) -> dict:
    """Return the pretrained weights of a detector under the names of the backbone."""
    found = {
        name.removeprefix('backbone.'): value
        for name, value in state.items()
        if name.startswith('backbone.')
    }
    last = {
        name.removeprefix(SHARED): value
        for name, value in state.items()
        if name.startswith(f'{SHARED}layer')
    }
    assert not found.keys() & last.keys()
    return found | last


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_config_trains_from_the_checkpoint(path, detection_data, npid_checkpoint, tmp_path):
    """Stem and res2 to res5 are loaded before the first step, the loss falls, metrics are given.

    The last stage of C4 is in the RoI head.
    """
    by_epoch = 'coco' in path.stem  # 4 steps each
    cfg = small_config(path, detection_data, tmp_path, npid_checkpoint, length=2 if by_epoch else 8)
    runner, watch = train(cfg)
    saved = torch.load(npid_checkpoint, weights_only=True)['state_dict']
    expected, start = backbone_of(saved), backbone_of(watch.start)
    assert len(expected) == 318 and start.keys() == expected.keys()
    assert all(torch.equal(start[name], value) for name, value in expected.items())
    assert len(watch.losses) == 8 and sum(watch.losses[-3:]) < sum(watch.losses[:3])

    name = 'epoch_2.pth' if by_epoch else 'iter_8.pth'
    saved = torch.load(tmp_path / name, weights_only=True)
    end = backbone_of(saved['state_dict'])
    moved = {each for each, value in expected.items() if not torch.equal(end[each], value)}
    kept = set(expected) - moved
    if path == VOC07:  # convolutions of the third and fourth stage alone
        assert moved and all(each.startswith(('layer3', 'layer4')) for each in moved)
        assert not any('bn' in each or 'downsample.1' in each for each in moved)
    else:
        assert not kept

    metrics = runner.test()
    (benchmark,) = [each for each in SUITE.benchmarks if ROOT / each.config == path]
    assert all(0 <= metrics[name] <= 100 for name in SUITE.metrics_of(benchmark))
