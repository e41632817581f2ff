"""Labels outside the classes are refused before the first step."""

import shutil

import pytest
from mmengine.runner import Runner

from tests.probes import LAYERS, POOLED, probe_config
from tests.shipped import shipped_config
from tests.toy import ROOT, digits_config

CLASSIFICATION = ROOT / 'configs/benchmarks/classification'


@pytest.fixture
def wrong_list(digits, tmp_path):
    """Lists of the digits in which the sixth image has another label, by that label."""

    def write(label):
        lines = (digits / 'val.txt').read_text().splitlines()
        lines[5] = f'{lines[5].rpartition(" ")[0]} {label}'
        path = tmp_path / f'list_{label}.txt'
        path.write_text('\n'.join(lines))
        return str(path), lines[5].rpartition(' ')[0]

    return write


def message(loader, label, image):
    return (
        rf'{loader} must have one label in 0\.\.9 per image \(model\.head\.num_classes: 10\), but '
        rf'1 of its \d+ images do not, the first with gt_label={label}: .*{image}; labels count '
        'from 0: correct the list, or model.head.num_classes'
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ('loader', 'label', 'model'),
    [
        ('train_dataloader', 10, POOLED),
        ('train_dataloader', -1, LAYERS),
        ('val_dataloader', 10, LAYERS),
        ('val_dataloader', -1, POOLED),
    ],
)
def test_training_is_refused(digits, tmp_path, wrong_list, loader, label, model):
    """PyTorch would say that a target is out of bounds, at some step or after an epoch."""
    cfg = probe_config(digits, tmp_path / 'work', model, 'random')
    cfg.custom_hooks = [dict(type='LabelCheckHook')]
    dataset = cfg[loader].dataset.get('dataset', cfg[loader].dataset)
    dataset.ann_file, image = wrong_list(label)
    with pytest.raises(ValueError, match=message(loader, label, image)):
        Runner.from_cfg(cfg).train()
    assert not list(tmp_path.rglob('*.pth'))


@pytest.mark.slow
def test_testing_is_refused_and_training_needs_no_test_set(digits, tmp_path, wrong_list):
    cfg = probe_config(digits, tmp_path / 'work', POOLED, 'random')
    cfg.custom_hooks = [dict(type='LabelCheckHook')]
    cfg.train_cfg.max_epochs = cfg.train_cfg.val_interval = 1
    cfg.test_dataloader.dataset.ann_file, image = wrong_list(10)
    runner = Runner.from_cfg(cfg)
    runner.train()
    with pytest.raises(ValueError, match=message('test_dataloader', 10, image)):
        runner.test()


@pytest.mark.slow
def test_missing_labels_are_refused(digits, tmp_path):
    cfg = probe_config(digits, tmp_path / 'work', POOLED, 'random')
    cfg.custom_hooks = [dict(type='LabelCheckHook')]
    cfg.train_dataloader.dataset.dataset.update(ann_file='', data_prefix='train', with_label=False)
    with pytest.raises(
        ValueError, match='64 of its 64 images do not, the first with gt_label=None: .*; images wi'
    ):
        Runner.from_cfg(cfg).train()


@pytest.mark.slow
@pytest.mark.parametrize('part', ['test_dataloader', 'test_cfg.reference'])
def test_knn_is_refused_where_the_data_name_their_classes(digits, tmp_path, wrong_list, part):
    """KNN has no classifier, and an unknown class would count as wrong."""
    cfg = digits_config(digits, tmp_path / 'work')
    dataset = cfg[part].dataset if part in cfg else cfg.test_cfg.reference.dataset
    dataset.metainfo = dict(classes=list('abcdefghij'))
    dataset.ann_file, image = wrong_list(10)
    text = rf'{part} must have .* \(classes of the data set: 10\), .* gt_label=10: .*{image}'
    with pytest.raises(ValueError, match=text):
        Runner.from_cfg(cfg).test()


@pytest.mark.slow
def test_top_5_of_two_classes_is_left_out_before_the_first_step(digits, tmp_path):
    """MMPretrain's Accuracy raises at its first evaluation, after an epoch."""
    model = dict(POOLED, head=dict(type='LinearClsHead', num_classes=2, in_channels=64))
    cfg = probe_config(digits, tmp_path / 'work', model, 'random')
    cfg.custom_hooks = [dict(type='LabelCheckHook')]
    cfg.val_dataloader.dataset.indices = 64  # of class 0, as all of the training set
    cfg.train_cfg.max_epochs = cfg.train_cfg.val_interval = 1
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.val_loop.evaluator.metrics[0].topk == (1,)
    assert runner.message_hub.get_scalar('val/accuracy/top1').current() <= 100


@pytest.mark.slow
def test_class_folders_that_differ_are_refused(digits, tmp_path):
    """Without a folder of its own, a class would hand its label to the next one."""
    shutil.copytree(digits / 'val', tmp_path / 'val')
    shutil.rmtree(tmp_path / 'val/3')
    cfg = probe_config(digits, tmp_path / 'work', POOLED, 'random', images=None)
    cfg.custom_hooks = [dict(type='LabelCheckHook')]
    cfg.train_dataloader.dataset.dataset.update(ann_file='', data_prefix='train')
    cfg.val_dataloader.dataset.update(ann_file='', data_root=str(tmp_path / 'val'))
    message = (
        'train_dataloader and val_dataloader must have the same classes, got 10 and 9 of them: '
        "class 3 is '3' in train_dataloader and '4' in val_dataloader; give both the same classes"
    )
    with pytest.raises(ValueError, match=message):
        Runner.from_cfg(cfg).train()


@pytest.mark.parametrize(
    'path', sorted(CLASSIFICATION.glob('[!_]*/resnet50_*.py')), ids=lambda path: path.stem
)
def test_every_probe_has_the_check(path):
    assert shipped_config(path).default_hooks.label_check.type == 'LabelCheckHook'
