"""Classification benchmarks learn more from a pretrained network than from an untrained one.

The configs keep their learning rates; the network is small and pretrained on the digits, with
images of 16 x 16, milder crops and few epochs. VOC2007 is in
``test_engine/test_runners/test_svm_loop.py``.
"""

import uuid

import pytest
from mmengine.runner import Runner

from npid_mm.config.loaders import set_loader_defaults
from tests import layouts
from tests.probes import LAYERS, POOLED, PREPROCESSOR
from tests.shipped import shipped_config
from tests.svm_runs import untrained
from tests.test_configs.small_images import shrink_images
from tests.toy import NECK, ROOT

CLASSIFICATION = ROOT / 'configs/benchmarks/classification'
FOLDERS = ('imagenet', 'places205', 'inaturalist2018')
TRAINED = [
    path for name in FOLDERS for path in sorted(CLASSIFICATION.glob(f'{name}/resnet50_*.py'))
]
pytestmark = pytest.mark.slow
CHANCE = 10.0  # percent, chance level of ten digits
SIDES = {224: 16, 256: 18}
EPOCHS = 4


@pytest.fixture(scope='module')
def data_roots(digits, tmp_path_factory):
    """Small data sets by type; the lists of 1 % and 10 % have larger shares here."""
    root, counts = tmp_path_factory.mktemp('data'), dict(train=30, val=20, shrink=10)
    imagenet = layouts.write_imagenet(digits, root / 'imagenet', **counts)
    lines = (imagenet / 'meta/train.txt').read_text().splitlines(keepends=True)
    for share, step in (('1percent', 3), ('10percent', 2)):
        (imagenet / f'meta/train_{share}.txt').write_text(''.join(lines[::step]))
    return dict(
        ImageNet=imagenet,
        CustomDataset=layouts.write_places205(digits, root / 'places205', **counts),
        INaturalist2018=layouts.write_inaturalist2018(digits, root / 'inaturalist2018', **counts),
    )


def scaled(path, data_roots, work_dir):
    """Return a config with the small network, on small images of the small data."""
    cfg = shipped_config(path)
    cfg.work_dir = str(work_dir)
    cfg.randomness = dict(seed=0)
    cfg.log_level = 'WARNING'
    cfg.experiment_name = uuid.uuid4().hex  # MMEngine hands out loggers by this name
    small = LAYERS if cfg.model.backbone.type == 'StemResNet' else POOLED
    cfg.model.backbone.update(small['backbone'])
    if 'head' in cfg.model:
        cfg.model.update(neck=small['neck'], head=small['head'])
    elif 'neck' in cfg.model:
        cfg.model.neck = NECK
    cfg.data_preprocessor.update(mean=PREPROCESSOR['mean'], std=PREPROCESSOR['std'])
    loaders = [cfg.test_dataloader]
    if cfg.train_dataloader:
        loaders += [cfg.train_dataloader, cfg.val_dataloader]
        cfg.auto_scale_lr.enable = True  # from the protocol's global batch
        cfg.train_cfg.update(max_epochs=EPOCHS, val_interval=EPOCHS + 1)
        cfg.param_scheduler.milestones = [EPOCHS - 1]
    else:
        loaders.append(cfg.test_cfg.reference)
    for loader in loaders:
        loader.update(batch_size=32, num_workers=0)
        set_loader_defaults(loader)
        dataset = loader.dataset.get('dataset', loader.dataset)
        dataset.data_root = str(data_roots[dataset.type])
        shrink_images(dataset, SIDES)
        for step in dataset.pipeline:
            if step.type == 'LoadRandomResizedCrop':
                # a small part of one digit may look like another
                step.crop_ratio_range = (0.5, 1.0)
    return cfg


@pytest.mark.parametrize('path', TRAINED, ids=lambda path: path.stem)
def test_probe_learns_from_pretraining(path, data_roots, pretrained, tmp_path):
    """The last layer reaches 50 to 75 % pretrained, 10 to 35 % untrained."""
    found = {}
    for checkpoint in (str(pretrained), 'random'):
        cfg = scaled(path, data_roots, tmp_path / str(len(found)))
        cfg.model.checkpoint = checkpoint
        runner = Runner.from_cfg(cfg)
        runner.train()
        metrics = runner.test()
        found[checkpoint] = {n: value for n, value in metrics.items() if n.endswith('/top1')}
    learned, random = found.values()
    assert min(learned.values()) > 4 * CHANCE
    last = 'accuracy/top1' if 'accuracy/top1' in learned else 'feature4/top1'
    assert learned[last] > random[last] + 15


@pytest.mark.parametrize('name', ['knn_resnet50_in1k', 'knn-embedding_resnet50_in1k'])
def test_knn_finds_what_pretraining_learned(name, data_roots, pretrained, tmp_path):
    """The nearest ten reach 85 % pretrained, 40 to 55 % untrained."""
    network = dict(backbone=POOLED['backbone'], neck=NECK)
    found = []
    for checkpoint in (pretrained, untrained(tmp_path / 'random.pth', network)):
        cfg = scaled(CLASSIFICATION / f'imagenet/{name}.py', data_roots, tmp_path / 'work')
        cfg.load_from = str(checkpoint)
        found.append(Runner.from_cfg(cfg).test()['knn/top1_k10'])
    learned, random = found
    assert learned > 7 * CHANCE
    assert learned > random + 15
