"""Fast R-CNN with AlexNet and VGG16: the paper's protocol, its proposals, and short trainings."""

import shutil

import numpy as np
import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.models import AlexNet
from mmpretrain.registry import MODELS
from torch import nn

from npid_mm.cli.data.proposals import main
from npid_mm.config.read_config import read_config
from npid_mm.datasets.layout_checks import build_check
from npid_mm.datasets.proposals import proposal_path, read_proposals, selective_search
from npid_mm.images import ImageReader
from npid_mm.suites import SUITES
from tests.scenes import make_scenes
from tests.shipped import shipped_config
from tests.toy import ROOT
from tests.transfer.small import train
from tests.transfer.small_detection import FAST, small_config

SELFSUP = ROOT / 'configs/selfsup/npid'
SHARED = 'roi_head.shared_head.'
ALEXNET = FAST[0]
pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def with_proposals(detection_data):
    """Folder of the data sets, with the proposals of VOC2007."""
    main([str(detection_data / 'VOCdevkit')])
    return detection_data


@pytest.fixture(scope='module', params=FAST, ids=lambda path: path.stem)
def pretrained(request, tmp_path_factory):
    """Config of a detector, and an untrained NPID with its network, whose norms have seen noise."""
    init_default_scope('mmpretrain')
    network = request.param.stem.split('_')[1]
    cfg = shipped_config(SELFSUP / f'npid-nce4096_{network}_8xb32-steplr-200e_in1k.py').model
    torch.manual_seed(0)
    backbone, neck = MODELS.build(cfg.backbone), MODELS.build(cfg.neck)
    state = {
        f'{name}.{key}': value
        for name, module in (('backbone', backbone), ('neck', neck))
        for key, value in module.state_dict().items()
    }
    path = tmp_path_factory.mktemp('npid') / 'epoch_200.pth'
    torch.save(dict(meta=dict(epoch=200, iter=200), state_dict=state), path)
    return request.param, path, state


def pretrained_parts(state):
    """Return the weights of a detector that a pretraining has, by the names in that."""
    found = {name: value for name, value in state.items() if name.startswith('backbone.')}
    head = {name.removeprefix(SHARED): value for name, value in state.items() if SHARED in name}
    return found | {f'neck.{name}': value for name, value in head.items()}


def test_config_trains_from_the_checkpoint(pretrained, with_proposals, tmp_path):
    """All but the embedding is loaded, the first layers stay as they are, the loss falls."""
    path, checkpoint, state = pretrained
    cfg = small_config(path, with_proposals, tmp_path, checkpoint, length=8)
    runner, watch = train(cfg)
    start = pretrained_parts(watch.start)
    assert start.keys() == state.keys() - {'neck.fc2.weight', 'neck.fc2.bias'}
    assert all(torch.equal(value, state[name]) for name, value in start.items())
    assert len(watch.losses) == 8 and sum(watch.losses[-3:]) < sum(watch.losses[:3])
    saved = torch.load(tmp_path / 'iter_8.pth', weights_only=True)['state_dict']
    end = pretrained_parts(saved)
    kept = {name for name, value in start.items() if torch.equal(end[name], value)}
    fixed = {name for name, value in runner.model.named_parameters() if not value.requires_grad}
    statistics = {name for name in start if name.endswith(('_mean', '_var', '_tracked'))}
    first = {name for name in start if name.startswith(('backbone.features.0.',))}
    assert first <= kept and fixed <= kept and kept - fixed == statistics
    (benchmark,) = SUITES[f'detection-{path.stem.split("_")[1]}'].benchmarks
    assert ROOT / benchmark.config == path
    metrics = runner.test()
    assert 0 <= metrics['pascal_voc/AP50'] <= 100


def test_other_checkpoints_are_refused(with_proposals, npid_checkpoint, tmp_path):
    cfg = small_config(ALEXNET, with_proposals, tmp_path / 'run', npid_checkpoint, length=1)
    with pytest.raises(
        ValueError, match=r'(?s)epoch_200\.pth does not fit .* missing: features\.0'
    ):
        train(cfg)
    backbone = AlexNet().state_dict()
    bare = tmp_path / 'bare.pth'
    torch.save({f'backbone.{name}': value for name, value in backbone.items()}, bare)
    cfg = small_config(ALEXNET, with_proposals, tmp_path / 'run', bare, length=1)
    with pytest.raises(
        ValueError, match=r'(?s)bare\.pth does not fit .* missing: neck\.fc0\.weight'
    ):
        train(cfg)


@pytest.mark.parametrize('path', FAST, ids=lambda path: path.stem)
def test_protocol_of_the_paper(path):
    """Learning rate 0.001, a tenth after each 50,000 steps of 2 images, the first layers fixed."""
    init_default_scope('mmdet')
    cfg = read_config(path)
    wrapper = build_optim_wrapper(nn.Linear(1, 1), cfg.optim_wrapper)
    (group,) = wrapper.optimizer.param_groups
    assert (group['lr'], group['momentum'], group['weight_decay']) == (0.001, 0.9, 5e-4)
    schedule = cfg.param_scheduler[1]
    assert (schedule.milestones, schedule.gamma) == ([50_000, 100_000], 0.1)
    assert cfg.train_cfg.max_iters == 150_000 and not schedule.by_epoch
    assert cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 2
    assert cfg.train_dataloader.dataset.ann_file == 'VOC2007/ImageSets/Main/trainval.txt'
    assert cfg.test_dataloader.dataset.ann_file == 'VOC2007/ImageSets/Main/test.txt'
    assert cfg.val_evaluator == cfg.test_evaluator == dict(type='VOCDetectionMetric')
    assert cfg.pretrained is None and 'Pretrained' not in str(cfg.model)


def test_proposals_contain_the_objects(digits):
    """Of each digit in a scene there is a region with an overlap of one half."""
    for image, things in make_scenes(digits, 'train', 4):
        boxes = selective_search(np.ascontiguousarray(image[..., ::-1])).astype(float)
        assert boxes.min() >= 0 and boxes[:, 2].max() <= 128 and boxes[:, 3].max() <= 96
        assert (boxes[:, 2:] - boxes[:, :2]).min() >= 16
        for thing in things:
            low = np.maximum(boxes[:, :2], thing.box[:2])
            high = np.minimum(boxes[:, 2:], thing.box[2:])
            shared = (high - low).clip(0).prod(1)
            sides = np.subtract(thing.box[2:], thing.box[:2]).prod()
            areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
            assert (shared / (areas + sides - shared)).max() > 0.5


def test_the_command_writes_what_is_missing(with_proposals, tmp_path, capsys):
    devkit = tmp_path / 'VOCdevkit'
    shutil.copytree(with_proposals / 'VOCdevkit', devkit)
    images = sorted((devkit / 'VOC2007/JPEGImages').iterdir())
    files = {proposal_path(image): proposal_path(image).read_bytes() for image in images}
    assert len(files) == 16
    check = build_check('voc0712', years=(2007,), proposals=True)
    assert check(devkit).problems == []
    kept, gone = list(files)[0], list(files)[-1]
    gone.unlink()
    (problem,) = check(devkit).problems
    assert f'the first: VOC2007/SelectiveSearch/{gone.name}' in problem
    before = kept.stat().st_mtime_ns
    main([str(devkit), '--workers', '2'])
    assert 'proposals of 16 images, 1 of them new' in capsys.readouterr().out
    assert kept.stat().st_mtime_ns == before and kept.read_bytes() == files[kept]
    expected = selective_search(ImageReader().read(images[-1]))  # in another order
    assert set(map(tuple, read_proposals(gone))) == set(map(tuple, expected))


def test_proposals_that_cannot_be_read(tmp_path):
    path = tmp_path / 'VOCdevkit/VOC2007/SelectiveSearch/000005.npy'
    with pytest.raises(FileNotFoundError, match='missing: .*npid data proposals .*VOCdevkit$'):
        read_proposals(path)
    path.parent.mkdir(parents=True)
    path.write_bytes(b'no array')
    with pytest.raises(ValueError, match='is damaged .*: remove it and write it again'):
        read_proposals(path)
    np.save(path, np.array([{}]), allow_pickle=True)
    with pytest.raises(ValueError, match='is damaged .*pickle'):
        read_proposals(path)
    np.save(path, np.zeros((3, 5)))
    with pytest.raises(ValueError, match=r'an array \(P, 4\) of numbers, got \(3, 5\) of float64'):
        read_proposals(path)
