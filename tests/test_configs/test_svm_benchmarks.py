"""The SVM benchmarks of VOC2007 and CIFAR-10 on small data."""

import uuid

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS
from sklearn.svm import LinearSVC

from npid_mm.config.loaders import set_loader_defaults
from npid_mm.datasets import dataset_labels
from npid_mm.evaluation.functional.voc_svm import COSTS
from tests import probes
from tests.shipped import shipped_config
from tests.svm_runs import untrained
from tests.toy import NECK, ROOT

CONFIGS = ROOT / 'configs/benchmarks/classification'
VOC2007 = ['svm_resnet50_voc07', 'low-shot-svm_resnet50_voc07']
pytestmark = pytest.mark.slow


def load(name: str) -> Config:
    init_default_scope('mmpretrain')
    return shipped_config(CONFIGS / f'{name}.py')


def run(cfg: Config, work_dir) -> Runner:
    """A runner of the config."""
    cfg.work_dir = str(work_dir)
    cfg.experiment_name = uuid.uuid4().hex
    cfg.log_level = 'WARNING'
    return Runner.from_cfg(cfg)


def test_voc2007_loops(voc2007, tmp_path):
    """Costs, shots and draws of the built loops, defaults included."""
    loops = {}
    for name in VOC2007:
        cfg = load(f'voc2007/{name}')
        for loader in (cfg.test_dataloader, cfg.test_cfg.reference):
            loader.dataset.data_root = str(voc2007)
        loops[name] = run(cfg, tmp_path / name).test_loop
    full, few = (loops[name] for name in VOC2007)
    assert type(full).__name__ == 'SVMTestLoop' and type(few).__name__ == 'LowShotSVMTestLoop'
    assert full.costs == few.costs == COSTS
    assert few.shots == (1, 2, 4, 8, 16, 32, 64, 96) and few.draws == 5
    assert few.select == 'held_out'


@pytest.fixture
def cifar10_config(cifar10, tmp_path):
    """CIFAR-10's config with a small, untrained network, on small data."""
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


def test_cifar10_learns_and_equals_scikit_learn(cifar10_config, pretrained, tmp_path):
    """On ten digits: 85 % pretrained on them, 35 % untrained; chance level is 10 %."""
    random = run(cifar10_config, tmp_path).test()
    cifar10_config.load_from = str(pretrained)
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
    reference = LinearSVC(C=1.0, dual=True, tol=1e-6, max_iter=10**5, random_state=0)
    reference.fit(rows['train'], labels['train'])
    assert metrics == {'svm/top1': 100 * reference.score(rows['test'], labels['test'])}
    assert metrics['svm/top1'] > 60 and metrics['svm/top1'] > random['svm/top1'] + 10


def test_cifar10_refuses_random_weights(cifar10_config, tmp_path):
    """Without a checkpoint, with one that lacks the neck, and with overflowing features."""
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
    with pytest.raises(ValueError, match='of reference must be finite, but 100 of its 100'):
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
