"""Resolved SVM benchmarks against the published protocols, and CIFAR-10's on small data.

Sources: MMSelfSup 1.0.0's tools/benchmarks/classification/svm_voc07 for VOC2007, table 1 of the
paper for CIFAR-10.
"""

import uuid

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS, MODELS
from sklearn.svm import LinearSVC

from npid_mm.config.loaders import set_loader_defaults
from npid_mm.datasets import dataset_labels
from npid_mm.evaluation.functional import low_shot
from npid_mm.evaluation.functional import voc_svm as svm
from tests import probes
from tests.svm_runs import untrained
from tests.toy import NECK, ROOT

CONFIGS = ROOT / 'configs/benchmarks/classification'
VOC2007 = ['svm_resnet50_voc07', 'low-shot-svm_resnet50_voc07']


def load(name: str) -> Config:
    init_default_scope('mmpretrain')
    return Config.fromfile(CONFIGS / f'{name}.py')


def run(cfg: Config, work_dir) -> Runner:
    """A runner of the config."""
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = uuid.uuid4().hex
    cfg.log_level = 'WARNING'
    return Runner.from_cfg(cfg)


def test_costs_folds_weights_and_draws():
    """19 costs; three folds; positives count twice; k of the low-shot protocol."""
    costs = [1.0, 10.0, 100.0] + [0.5**power for power in range(4, 20)]
    assert sorted(svm.COSTS) == sorted(costs) and len(costs) == 19
    assert svm.FOLDS == 3 and svm.POSITIVE_WEIGHT == 2.0
    assert low_shot.SHOTS == (1, 2, 4, 8, 16, 32, 64, 96)
    rows = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    expected = [[3 / (5 + 1e-5), 4 / (5 + 1e-5)], [0, 0]]
    np.testing.assert_allclose(svm.normalize_features(rows), expected, rtol=1e-14)


@pytest.mark.parametrize('name', VOC2007)
def test_voc2007_images(name):
    """The short side to 256, then squashed to 224 x 224: nothing is cropped."""
    cfg = load(f'voc2007/{name}')
    for loader, split in ((cfg.test_dataloader, 'test'), (cfg.test_cfg.reference, 'trainval')):
        assert (loader.dataset.type, loader.dataset.split) == ('VOC2007Classification', split)
        assert loader.dataset.pipeline == [
            dict(type='LoadImage'),
            dict(type='ResizeEdge', scale=256, edge='short', backend='pillow'),
            dict(type='Resize', scale=224, backend='pillow'),
            dict(type='PackInputs'),
        ]
        assert loader.sampler == dict(type='DefaultSampler', shuffle=False)
    assert cfg.data_preprocessor == dict(
        type='SelfSupDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    )


@pytest.mark.parametrize('name', VOC2007)
def test_voc2007_features(name, voc2007):
    """Five layers of a ResNet-50 in full size, from the config's own pipeline."""
    cfg = load(f'voc2007/{name}')
    assert cfg.model.type == 'ProbeClassifier' and 'checkpoint' not in cfg.model
    assert cfg.model.backbone == dict(type='StemResNet', depth=50, norm_cfg=dict(type='BN'))
    dataset = DATASETS.build(dict(cfg.test_dataloader.dataset, data_root=str(voc2007), indices=1))
    image = dataset[0]['inputs']
    assert image.shape == (3, 224, 224)
    model = MODELS.build(
        dict(cfg.model, checkpoint='random', data_preprocessor=cfg.data_preprocessor)
    )
    model.init_weights()
    with torch.no_grad():
        data = model.eval().data_preprocessor(dict(inputs=image[None], data_samples=None))
        features = model.extract_feat(data['inputs'])
    assert [tuple(each.shape) for each in features] == [
        (1, length) for length in (9216, 9216, 8192, 9216, 8192)
    ]


def test_voc2007_pools():
    """Kernel, stride, padding."""
    pools = MODELS.build(load(f'voc2007/{VOC2007[0]}').model.neck).pools
    assert [(pool.kernel_size, pool.stride, pool.padding) for pool in pools] == [
        (10, 10, 4),
        (16, 8, 0),
        (13, 5, 0),
        (8, 3, 0),
        (6, 1, 0),
    ]


def test_voc2007_loops(voc2007, tmp_path):
    """What the loops take where the configs name nothing, and what these name."""
    loops = {}
    for name in VOC2007:
        cfg = load(f'voc2007/{name}')
        for loader in (cfg.test_dataloader, cfg.test_cfg.reference):
            loader.dataset.data_root = str(voc2007)
        loops[name] = run(cfg, tmp_path / name).test_loop
    full, few = (loops[name] for name in VOC2007)
    assert type(full).__name__ == 'SVMTestLoop' and type(few).__name__ == 'LowShotSVMTestLoop'
    assert full.costs == few.costs == svm.COSTS
    assert few.shots == (1, 2, 4, 8, 16, 32, 64, 96) and few.draws == 5
    assert few.select == 'held_out'


@pytest.fixture
def cifar10_config(cifar10, tmp_path):
    """CIFAR-10's config with a small network, untrained, on small data."""
    cfg = load('cifar10/svm_resnet18_cifar10')
    cfg.model.update(backbone=probes.POOLED['backbone'], neck=NECK)
    cfg.data_preprocessor = probes.PREPROCESSOR
    for loader in (cfg.test_dataloader, cfg.test_cfg.reference):
        loader.update(num_workers=0, batch_size=16)
        loader.dataset.data_root = str(cifar10)
        # as large as the digits are in pretraining
        loader.dataset.pipeline.insert(0, dict(type='Resize', scale=16))
        set_loader_defaults(loader)
    cfg.load_from = str(untrained(tmp_path / 'untrained.pth', cfg.model))
    return cfg


def test_cifar10_settings():
    """Training and test images as they are, on the embedding."""
    cfg = load('cifar10/svm_resnet18_cifar10')
    assert cfg.test_cfg.reference.dataset.split == 'train'
    assert cfg.test_dataloader.dataset.split == 'test'
    for loader in (cfg.test_dataloader, cfg.test_cfg.reference):
        assert loader.dataset.type == 'CIFAR10'
        assert loader.dataset.pipeline == [dict(type='PackInputs')]
    assert cfg.model.neck.out_channels == 128 and 'feature' not in cfg.test_cfg
    assert cfg.model.backbone == dict(type='ResNet_CIFAR', depth=18, out_indices=(3,))


def test_cifar10_learns_and_equals_scikit_learn(cifar10_config, digits, tmp_path):
    """Digits, of which 10 % are right by chance: 85 pretrained on them, 35 untrained."""
    random = run(cifar10_config, tmp_path).test()
    checkpoint = probes.pretrain(digits, tmp_path / 'pretraining', epochs=8)
    cifar10_config.load_from = str(checkpoint)
    runner = run(cifar10_config, tmp_path)
    metrics = runner.test()
    model = runner.model.eval()
    rows, labels = {}, {}
    for split in ('train', 'test'):
        dataset = DATASETS.build(dict(cifar10_config.test_dataloader.dataset, split=split))
        images = torch.stack([dataset[i]['inputs'] for i in range(len(dataset))])
        with torch.no_grad():
            rows[split] = model.embed((images.float() - 78) / 96)  # as PREPROCESSOR has it
        labels[split] = dataset_labels(dataset)
    machine = LinearSVC(C=1.0, dual=True, tol=1e-6, max_iter=10**5, random_state=0)
    machine.fit(rows['train'], labels['train'])
    assert metrics == {'svm/top1': 100 * machine.score(rows['test'], labels['test'])}
    assert metrics['svm/top1'] > 60 and metrics['svm/top1'] > random['svm/top1'] + 10


def test_cifar10_refuses_random_weights(cifar10_config, tmp_path):
    """Without a checkpoint, with one that lacks the neck, and with features that are broken."""
    path = cifar10_config.load_from
    cifar10_config.load_from = None
    with pytest.raises(RuntimeError, match='the backbone has no weights yet'):
        run(cifar10_config, tmp_path).test()

    state = torch.load(path)['state_dict']
    bare = {name: value for name, value in state.items() if name.startswith('backbone.')}
    torch.save(dict(state_dict=bare), path)
    cifar10_config.load_from = path
    with pytest.raises(ValueError, match='2 missing: neck.fc.weight, neck.fc.bias'):
        run(cifar10_config, tmp_path).test()

    state['neck.fc.weight'][0] = 3e38  # finite, but the features overflow
    torch.save(dict(state_dict=state), path)
    with pytest.raises(ValueError, match='features of reference must be finite, but 100 of 100'):
        run(cifar10_config, tmp_path).test()


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(cost=0), 'cost must be > 0, got 0'),
        (dict(feature='neck'), "feature must be one of .* got 'neck'"),
    ],
)
def test_cifar10_names_wrong_arguments(cifar10_config, tmp_path, arguments, message):
    cifar10_config.test_cfg.update(arguments)
    with pytest.raises(ValueError, match=message):
        run(cifar10_config, tmp_path).test()
