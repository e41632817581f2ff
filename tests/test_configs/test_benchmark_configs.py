"""Classification benchmarks, trained and tested on small data."""

import math
import uuid

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS

from npid_mm.config.loaders import set_loader_defaults
from tests.shipped import shipped_config
from tests.test_configs.small_images import shrink_images
from tests.toy import ROOT

CLASSIFICATION = ROOT / 'configs/benchmarks/classification'
# a data set that is added has its small copy and its run in a test of its own
FOLDERS = ('imagenet', 'places205', 'inaturalist2018', 'cifar10')
TRAINED, KNN = (
    [path for name in FOLDERS for path in sorted(CLASSIFICATION.glob(f'{name}/{pattern}'))]
    for pattern in ('resnet50_*.py', 'knn*.py')
)
pytestmark = pytest.mark.slow
IMAGES = 4
SIDES = {224: 64, 256: 72}  # of images for networks that take any


def test_there_are_configs():
    """The globs match."""
    assert len(TRAINED) >= 8 and len(KNN) >= 3


@pytest.fixture
def data_roots(imagenet, places205, inaturalist2018, cifar10, tmp_path):
    """Small data sets by type; ImageNet also has the lists of 1 % and 10 %."""
    root = tmp_path / 'imagenet'
    (root / 'meta').mkdir(parents=True)
    for split in ('train', 'val'):
        (root / split).symlink_to(imagenet / split)
        text = (imagenet / f'meta/{split}.txt').read_text()
        (root / f'meta/{split}.txt').write_text(text)
    for share in ('1percent', '10percent'):
        lines = (imagenet / 'meta/train.txt').read_text().splitlines(keepends=True)
        (root / f'meta/train_{share}.txt').write_text(''.join(lines[::2]))
    return dict(
        ImageNet=root, CustomDataset=places205, INaturalist2018=inaturalist2018, CIFAR10=cifar10
    )


@pytest.fixture(scope='session')
def pretrained(tmp_path_factory):
    """Checkpoints in MMSelfSup's layout, by the type of the backbone."""
    init_default_scope('mmpretrain')
    folder, paths = tmp_path_factory.mktemp('npid'), {}
    for kind, depth, width in (('ResNet', 50, 2048), ('ResNet_CIFAR', 18, 512)):
        backbone = MODELS.build(dict(type=kind, depth=depth, out_indices=(3,)))
        backbone.init_weights()
        state = {f'backbone.{name}': value for name, value in backbone.state_dict().items()}
        state['neck.fc.weight'], state['neck.fc.bias'] = torch.randn(128, width), torch.zeros(128)
        state['memory_bank.feature_bank'] = torch.randn(9, 128)
        paths[kind] = paths[f'Stem{kind}'] = str(folder / f'{kind}.pth')
        torch.save(dict(meta={}, state_dict=state), paths[kind])
    return paths


def small(path, data_roots, work_dir):
    """Return a config on a few images, in steps of two, without workers."""
    cfg = shipped_config(path)
    cfg.work_dir = str(work_dir)
    if 'head' in cfg.model:
        cfg.model.head.num_classes = 10  # 8,142 on every layer take three gigabytes
    cfg.randomness = dict(seed=0)
    cfg.log_level = 'WARNING'
    cfg.experiment_name = uuid.uuid4().hex  # MMEngine hands out loggers by this name
    loaders = [cfg.test_dataloader]
    if cfg.train_dataloader:
        cfg.train_cfg.max_epochs = 1
        loaders += [cfg.train_dataloader, cfg.val_dataloader]
    else:
        loaders.append(cfg.test_cfg.reference)
    for loader in loaders:
        dataset = loader.dataset.get('dataset', loader.dataset)
        dataset.update(data_root=str(data_roots[dataset.type]), indices=IMAGES)
        loader.update(batch_size=IMAGES // 2, num_workers=0)
        set_loader_defaults(loader)
        if cfg.model.backbone.type == 'ResNet':
            shrink_images(dataset, SIDES)
    return cfg


@pytest.mark.parametrize('path', TRAINED, ids=lambda path: path.stem)
def test_probe_trains_and_is_tested(path, data_roots, pretrained, tmp_path):
    cfg = small(path, data_roots, tmp_path)
    cfg.model.checkpoint = pretrained[cfg.model.backbone.type]
    runner = Runner.from_cfg(cfg)
    runner.train()
    losses = runner.message_hub.get_scalar('train/loss').data[0]
    assert len(losses) == 2 and all(math.isfinite(loss) for loss in losses)
    expected = torch.load(cfg.model.checkpoint, weights_only=True)['state_dict']
    state = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)['state_dict']
    kept = [torch.equal(expected[n], state[n]) for n in state if n.startswith('backbone.')]
    assert len(kept) == 318 and all(kept) == cfg.model.frozen

    # the trained probe is tested without the checkpoint that it started from
    tested = small(path, data_roots, tmp_path / 'test')
    tested.load_from = str(tmp_path / 'epoch_1.pth')
    metrics = Runner.from_cfg(tested).test()
    layers = [f'feature{number}' for number in range(1, 6)] + ['best']
    names = layers if 'mhead' in path.stem else ['accuracy']
    assert set(metrics) == {f'{name}/top{k}' for name in names for k in (1, 5)}
    for name, value in metrics.items():
        assert runner.message_hub.get_scalar(f'val/{name}').current() == pytest.approx(value)


@pytest.mark.parametrize('path', KNN, ids=lambda path: path.stem)
def test_knn_is_tested(path, data_roots, pretrained, tmp_path):
    """The references are the queries, so the nearest neighbor is the image itself."""
    cfg = small(path, data_roots, tmp_path)
    cfg.load_from = pretrained[cfg.model.backbone.type]
    cfg.test_cfg.reference.dataset = cfg.test_dataloader.dataset
    cfg.test_cfg.k = (1, 200)
    metrics = Runner.from_cfg(cfg).test()
    ranks = cfg.test_evaluator.topk
    assert set(metrics) == {f'knn/top{top}_k{k}' for top in ranks for k in (1, 200)}
    assert metrics['knn/top1_k1'] == 100.0
