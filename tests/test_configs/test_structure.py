"""Names, variables and inheritance of the configs."""

import ast

import pytest
from mmengine.config import Config

from tests.shipped import shipped_config
from tests.toy import ROOT

CONFIGS = ROOT / 'configs'
RECIPES = sorted((CONFIGS / 'selfsup').glob('[!_]*/*.py'))
PROBES = sorted((CONFIGS / 'benchmarks/classification').glob('[!_]*/resnet50_*xb*.py'))
HEADS = {
    'npid': 'SampledSoftmaxHead',
    'npid-ensure-neg': 'SampledSoftmaxHead',
    'npid-exact': 'ExactSoftmaxHead',
    'npid-exact-mlp': 'ExactSoftmaxHead',
    'npid-nce32000-mlp': 'NCEHead',
    'npid-nce4096': 'NCEHead',
    'npid-nce4096-proximal': 'NCEHead',
    'npid-parametric': 'ParametricSoftmaxHead',
}
EXACT_CIFAR10 = 'npid-exact_resnet18-w24_1xb128-coslr-100e_cifar10'


def levels(path) -> int:
    """Return the number of this project's files in the longest chain from a config to a base."""
    bases = [base for base in Config._get_base_files(str(path)) if '::' not in base]
    return 1 + max((levels(path.parent / base) for base in bases), default=0)


@pytest.mark.parametrize('path', sorted(CONFIGS.rglob('*.py')), ids=lambda path: path.stem)
def test_inheritance_and_variables(path):
    """At most three levels; no variable has the name of a loop's argument or of a split."""
    assert levels(path) <= 3
    assigned = {
        target.id
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign)
        for target in node.targets
    }
    assert assigned.isdisjoint({'k', 'train', 'val', 'test', 'reference', 'pipeline'})


@pytest.mark.parametrize('path', RECIPES, ids=lambda path: path.stem)
def test_name_of_a_recipe(path):
    """algorithm_backbone_GPUSxbBATCH-schedule-epochs_dataset; one algorithm has one loss."""
    cfg = shipped_config(path)
    algorithm, backbone, training, data = path.stem.split('_')
    assert HEADS[algorithm] == cfg.model.head.type
    kind = cfg.model.backbone.type.lower().removesuffix('_cifar')
    depth = str(cfg.model.backbone.get('depth', ''))
    assert backbone.split('-')[0] == kind + depth
    names = {'in1k': 'imagenet'}
    assert names.get(data, data) in cfg.train_dataloader.dataset.dataset.data_root
    gpus, rest = training.split('xb', 1)
    assert rest.startswith(f'{cfg.train_dataloader.batch_size}-')
    assert rest.endswith(f'-{cfg.train_cfg.max_epochs}e')
    # the learning rate is for the batch in the name
    batch = int(gpus) * cfg.train_dataloader.batch_size
    assert cfg.auto_scale_lr.base_batch_size == batch


@pytest.mark.parametrize('path', PROBES, ids=lambda path: path.stem)
def test_name_of_a_probe(path):
    """Network, GPUSxbBATCH, schedule-epochs, data set."""
    cfg = shipped_config(path)
    training = next(each for each in path.stem.split('_') if 'xb' in each)
    gpus, batch = training.removeprefix('linear-').split('-')[0].split('xb')
    assert cfg.train_dataloader.batch_size == int(batch)
    assert cfg.auto_scale_lr.base_batch_size == int(gpus) * int(batch)
    assert training.endswith(f'-steplr-{cfg.train_cfg.max_epochs}e')
    assert (cfg.model.head.type == 'LayerLinearHead') == ('mhead' in path.stem)
    assert path.parent.name in cfg.val_dataloader.dataset.data_root


def test_cifar10_in_memory_and_as_files_differ_in_nothing_else():
    in_memory, files = (
        shipped_config(CONFIGS / f'selfsup/npid/{EXACT_CIFAR10}{end}.py') for end in ('', '-images')
    )
    for key in ('model', 'optim_wrapper', 'param_scheduler', 'train_cfg', 'default_hooks'):
        assert in_memory[key] == files[key]
    assert in_memory.train_dataloader.batch_size == files.train_dataloader.batch_size
    # MMPretrain's CIFAR10 is RGB, and it reads files as BGR
    assert files.data_preprocessor == dict(in_memory.data_preprocessor, bgr_to_rgb=True)


def test_benchmarks_have_the_runtime_of_pretraining():
    """Without the hooks of the bank, and with a check of the labels, which pretraining ignores."""
    hooks = shipped_config(PROBES[0]).default_hooks
    assert hooks.pop('label_check') == dict(type='LabelCheckHook')
    pretraining = shipped_config(CONFIGS / 'selfsup/_base_/default_runtime.py').default_hooks
    for name in ('label_free', 'memory_bank', 'own_probability'):
        pretraining.pop(name)
    assert hooks == pretraining
