"""npid_mm.pretrain: its images, its options, resuming, and what it refuses."""

import shutil

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmpretrain.registry import MODELS
from PIL import Image

import npid_mm
from npid_mm.api import pretrain as module
from npid_mm.datasets.image_folders.split_names import AmbiguousFolderError

from .conftest import SETTINGS


class Planned(Exception):
    """Raised instead of a training, with its config."""


@pytest.fixture
def plan(monkeypatch, photographs, tmp_path):
    """Return the config of a training that does not take place."""

    def stop(cfg):
        raise Planned(cfg)

    monkeypatch.setattr(module, 'quiet_runner', stop)

    def plan(images=photographs, out=tmp_path / 'run', **options):
        with pytest.raises(Planned) as planned:
            npid_mm.pretrain(images, out, **{'workers': 0, **options})
        shutil.rmtree(out)
        return planned.value.args[0]

    return plan


def paths_of(folder):
    return sorted(folder.rglob('*.png'))


def weights(checkpoint):
    return torch.load(checkpoint, weights_only=True)['state_dict']


def same_weights(one, other):
    one, other = weights(one), weights(other)
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.slow
def test_a_run_tells_where_it_is_and_how_it_went(trained):
    names = {path.name for path in trained.folder.iterdir()}
    assert {'config.py', 'epoch_1.pth', 'epoch_2.pth', 'run.json', 'train.txt'} <= names
    assert 'val.txt' not in names and 'training.lock' not in names
    assert trained.checkpoint == trained.folder / 'epoch_2.pth'
    assert trained.config.train_cfg.max_epochs == 2
    assert trained.metrics['loss'] > 0 and 0 <= trained.metrics['bank_knn'] <= 100
    assert len(weights(trained.checkpoint)['memory_bank.feature_bank']) == 60


@pytest.mark.slow
def test_a_list_of_the_same_paths_gives_the_same_weights(trained, photographs, tmp_path):
    run = npid_mm.pretrain(paths_of(photographs), tmp_path / 'run', **SETTINGS)
    assert same_weights(run.checkpoint, trained.checkpoint)
    assert 'bank_knn' not in run.metrics  # which needs labels


@pytest.mark.slow
def test_a_resumed_run_ends_where_an_uninterrupted_one_does(trained, photographs, tmp_path):
    out = tmp_path / 'run'
    shutil.copytree(trained.folder, out)
    (out / 'epoch_2.pth').unlink()
    (out / 'last_checkpoint').write_text(str(out / 'epoch_1.pth'))
    run = npid_mm.pretrain(photographs, out, resume=True, **SETTINGS)
    assert same_weights(run.checkpoint, trained.checkpoint)


@pytest.mark.slow
def test_a_run_starts_from_weights_and_keeps_frozen_stages(trained, photographs, tmp_path):
    """All but the neck is frozen, so the backbone of the file is that of the new run."""
    options = {**SETTINGS, 'epochs': 1, 'weights': trained.checkpoint, 'freeze': 4}
    run = npid_mm.pretrain(photographs / '0', tmp_path / 'run', **{**options, 'batch_size': 7})
    before, after = weights(trained.checkpoint), weights(run.checkpoint)
    backbone = [name for name in after if name.startswith('backbone.')]
    assert backbone and all(torch.equal(after[name], before[name]) for name in backbone)
    assert not torch.equal(after['neck.fc.weight'], before['neck.fc.weight'])
    file, *lines = (tmp_path / 'run/weights.txt').read_text().splitlines()
    assert file == str(trained.checkpoint.resolve())
    assert 'backbone.conv1.weight -> backbone.conv1.weight (16, 3, 3, 3)' in lines
    assert 'memory_bank.feature_bank left out' in lines and len(lines) == len(before)
    with pytest.raises(ValueError, match=r'epoch_2\.pth: .*of another shape: .*neck.fc.weight'):
        npid_mm.pretrain(photographs, tmp_path / 'other', **{**options, 'dim': 64})
    assert not (tmp_path / 'other').exists()


@pytest.mark.slow
def test_resuming_a_finished_run_changes_nothing(trained, photographs, tmp_path):
    out = tmp_path / 'run'
    shutil.copytree(trained.folder, out)
    run = npid_mm.pretrain(photographs, out, resume=True, **SETTINGS)
    assert run.checkpoint == out / 'epoch_2.pth' and run.metrics == trained.metrics


@pytest.mark.slow
def test_a_run_is_not_mixed_with_another(trained, photographs, tmp_path):
    out = tmp_path / 'run'
    shutil.copytree(trained.folder, out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob('*')}
    message = 'holds a run of 2 epochs: resume=True .* continues it; for a new run name another'
    with pytest.raises(FileExistsError, match=message):
        npid_mm.pretrain(photographs, out, **SETTINGS)
    with pytest.raises(ValueError, match=r'its train\.txt has 60 lines, and .* list, of 15: give'):
        npid_mm.pretrain(photographs / '0', out, resume=True, **SETTINGS)
    with pytest.raises(ValueError, match='holds a run with another backbone and neck: give'):
        npid_mm.pretrain(photographs, out, resume=True, **{**SETTINGS, 'model': 'resnet18'})
    with pytest.raises(ValueError, match='holds a run with another pipeline: give the model and'):
        npid_mm.pretrain(photographs, out, resume=True, **{**SETTINGS, 'image_size': 32})
    assert {path: path.stat().st_mtime_ns for path in out.rglob('*')} == before


@pytest.mark.slow
def test_a_run_goes_on_with_images_that_were_added_and_removed(
    trained, digits, photographs, tmp_path
):
    out, images = tmp_path / 'run', tmp_path / 'images'
    shutil.copytree(trained.folder, out)
    shutil.copytree(photographs, images)
    for path in paths_of(images)[::10]:
        path.unlink()
    for path in sorted((digits / 'train/3').glob('*.png'))[15:27]:
        shutil.copy(path, images / '3')
    settings = {**SETTINGS, 'epochs': 3}
    with pytest.raises(ValueError, match=r'list, of 66: give .* or grow=True \(--grow\) to resume'):
        npid_mm.pretrain(images, out, resume=True, **settings)
    with pytest.raises(ValueError, match='grow=True .* continues a run: give resume=True'):
        npid_mm.pretrain(images, out, grow=True, **settings)
    run = npid_mm.pretrain(images, out, resume=True, grow=True, **settings)
    assert run.checkpoint == out / 'epoch_3.pth'
    assert len(weights(run.checkpoint)['memory_bank.feature_bank']) == 66
    assert len((out / 'train.txt').read_text().splitlines()) == 66
    (log,) = (path for path in out.glob('*/*.log') if '54 images kept' in path.read_text())
    assert '54 images kept, 12 added, 6 removed' in log.read_text()


def test_a_folder_of_other_files_is_refused(photographs, tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/thesis.tex').write_text('')
    message = 'must be a new or an empty folder, .*, got .*/out, which holds thesis.tex'
    with pytest.raises(FileExistsError, match=message):
        npid_mm.pretrain(photographs, tmp_path / 'out')
    with pytest.raises(NotADirectoryError, match='thesis.tex is not a folder'):
        npid_mm.pretrain(photographs, tmp_path / 'out/thesis.tex')


def test_options_reach_the_config(plan):
    cfg = plan(
        model='resnet50',
        epochs=7,
        batch_size=30,
        lr=0.5,
        weight_decay=0.0,
        temperature=0.07,
        dim=32,
        seed=5,
        workers=3,
        image_size=96,
        background=(0, 0, 9),
        value_range=(0, 4095),
        device='cpu',
        **{'train_cfg.val_interval': 1},
    )
    assert cfg.model.backbone.depth == 50 and cfg.model.backbone.type == 'ResNet'
    assert cfg.train_cfg == dict(type='ResumableTrainLoop', max_epochs=7, val_interval=1)
    assert cfg.train_dataloader.batch_size == 30 and cfg.train_dataloader.num_workers == 3
    assert cfg.optim_wrapper.optimizer == dict(type='AdamW', lr=0.5, weight_decay=0.0)
    assert cfg.model.head.temperature == 0.07 and cfg.model.neck.out_channels == 32
    assert cfg.randomness.seed == 5
    loading, crop = cfg.test_pipeline[0], cfg.train_dataloader.dataset.dataset.pipeline[0]
    assert loading.background == (0, 0, 9) and loading.value_range == (0, 4095)
    assert crop.scale == cfg.test_pipeline[2].crop_size == 96


def test_learning_rates_by_depth(plan):
    cfg = plan(model='resnet18-w16', layer_decay=0.5, freeze=1, lr=0.1)
    init_default_scope('mmpretrain')
    model = MODELS.build({**cfg.model, 'memory_bank': dict(type='MemoryBank', length=4)})
    groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    rates = {group['param_name'].removesuffix('.weight'): group['lr'] for group in groups}
    assert rates['neck.fc'] == 0.1 and rates['backbone.layer4.0.conv1'] == pytest.approx(0.05)
    assert rates['backbone.layer2.0.conv1'] == pytest.approx(0.1 / 8)
    assert 'backbone.conv1' not in rates and 'backbone.layer1.0.conv1' not in rates


def test_unset_options_follow_the_images(plan, tmp_path):
    cfg = plan()
    assert cfg.test_pipeline[2].crop_size == 32 and cfg.train_dataloader.batch_size == 15
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(1e-3 * (15 / 64) ** 0.5)
    assert cfg.model.backbone.type == 'ResNet_CIFAR' and cfg.randomness.seed == 0
    for number in range(4):
        Image.new('RGB', (400, 101)).save(tmp_path / f'{number}.png')
    cfg = plan(sorted(tmp_path.glob('*.png')))
    assert cfg.test_pipeline[2].crop_size == 112 and cfg.train_dataloader.batch_size == 2
    assert cfg.model.backbone.type == 'ResNet'


def test_labels_are_for_the_accuracy_only(plan, photographs, tmp_path):
    assert plan().default_hooks.memory_bank.knn_interval == 5
    for cfg in (plan(labels=False), plan(paths_of(photographs))):
        assert cfg.default_hooks.memory_bank.knn_interval == 0 and cfg.val_cfg is None
    for part, name in (('train', '0'), ('train', '1'), ('val', '0')):
        shutil.copytree(photographs / name, tmp_path / 'data' / part / name)
    for path in (tmp_path / 'data/val/0').iterdir():
        path.write_bytes(path.read_bytes() + b'other')
    cfg = plan(tmp_path / 'data', epochs=3)
    assert cfg.val_cfg.type == 'KNNValLoop' and cfg.train_cfg.val_interval == 3
    assert cfg.val_dataloader.dataset.ann_file.endswith('val.txt')


def test_images_without_a_class_among_others_take_the_classes_away(
    plan, photographs, tmp_path, capsys
):
    Image.new('RGB', (16, 16)).save(tmp_path / 'lone.png')
    plan([photographs, tmp_path / 'lone.png'])
    printed = capsys.readouterr().out
    assert 'train 61, held out 0, no classes; 1 of 61 images have no class, so none' in printed


@pytest.mark.parametrize(
    ('options', 'error', 'message'),
    [
        ({'batchsize': 4}, TypeError, "unknown option 'batchsize': did you mean batch_size?"),
        ({'optimiser': 'SGD'}, TypeError, r"'optimiser': the options are batch_size, lr, .*device"),
        ({'epoch': 4}, TypeError, "'epoch': did you mean epochs?"),
        ({'model.head.temprature': 1}, ValueError, 'did you mean model.head.temperature?'),
        ({'model': 'resnet19'}, ValueError, "model must be the name of a network, got 'resnet19'"),
        ({'epochs': 0}, ValueError, 'epochs must be at least 1, got 0'),
        ({'batch_size': 61}, ValueError, 'at most the number of images to train on, 60, got 61'),
        ({'batch_size': 2.5}, ValueError, 'batch_size must be a whole number, got 2.5'),
        ({'lr': 0}, ValueError, 'lr must be > 0, got 0'),
        ({'weight_decay': -1}, ValueError, 'weight_decay must be >= 0, got -1'),
        ({'freeze': 9}, ValueError, 'frozen_stages must be from 0 to 4, the stages of .*, got 9'),
        ({'layer_decay': 2}, ValueError, 'layer_decay must be in .0, 1., got 2'),
        ({'weights': 'no.pth'}, FileNotFoundError, 'no.pth'),
        ({'model': 'resnet18-w16', 'weights': 'pretrained'}, ValueError, 'needs a network with w'),
        ({'temperature': 0}, ValueError, 'temperature must be > 0, got 0'),
        ({'dim': 0}, ValueError, 'dim must be at least 1, got 0'),
        ({'seed': 2**32}, ValueError, 'seed must be below 4294967296, got 4294967296'),
        ({'workers': -1}, ValueError, 'workers must be at least 0, got -1'),
        ({'image_size': 8}, ValueError, 'image_size must be at least 16, got 8'),
        ({'device': 'gpu'}, ValueError, 'device must be one that torch can use here, .*, got gpu'),
    ],
)
def test_wrong_options_are_told_before_anything_is_written(
    photographs, tmp_path, options, error, message
):
    with pytest.raises(error, match=message):
        npid_mm.pretrain(photographs, tmp_path / 'run', **options)
    assert not (tmp_path / 'run').exists()


def test_wrong_images_are_told(photographs, tmp_path):
    paths = paths_of(photographs)
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'link.png').symlink_to(paths[0])
    (tmp_path / 'list.txt').write_text(f'{paths[0]}\n{tmp_path}/lost.png\n')
    shutil.copytree(photographs, tmp_path / 'ambiguous')
    shutil.copy(paths[0], tmp_path / 'ambiguous')
    for images, error, message in (
        (tmp_path / 'empty', FileNotFoundError, 'no image in .*/empty: looked for .jpg'),
        (tmp_path / 'nothing', FileNotFoundError, '1 of 1 are not there, the first: .*/nothing'),
        (tmp_path / 'list.txt', FileNotFoundError, r'list.txt must exist.*lost\.png in line 2'),
        ([*paths[:3], paths[1]], ValueError, 'each image once, .* at positions 2 and 4'),
        ([paths[0], tmp_path / 'link.png'], ValueError, 'each image once, .* positions 1 and 2'),
        (paths[0], ValueError, 'must be at least 2 to train on, got 1: .*png'),
        (
            tmp_path / 'ambiguous',
            AmbiguousFolderError,
            'with_labels=False .--no-labels. takes none',
        ),
        (None, TypeError, 'images must be a folder, a list of images .* got NoneType'),
    ):
        with pytest.raises(error, match=message):
            npid_mm.pretrain(images, tmp_path / 'run')
        assert not (tmp_path / 'run').exists()
