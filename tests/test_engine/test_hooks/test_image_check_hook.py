"""Broken files are listed before the first step, and evaluations run without them."""

import logging

import numpy as np
import pytest
from mmengine.config import Config
from mmpretrain.registry import DATASETS
from PIL import Image
from sklearn.neighbors import KNeighborsClassifier

from npid_mm.datasets import EvaluationDataset, InstanceDataset
from npid_mm.datasets.tolerant_dataset import TooManyUnreadableError
from npid_mm.engine.features import batch_features
from npid_mm.engine.hooks import image_check_hook
from npid_mm.engine.hooks.image_check_hook import check_images
from npid_mm.engine.launch import build_runner
from tests.toy import digits_config

pytestmark = pytest.mark.slow

HTML = b'<html>403 Forbidden</html>'


@pytest.fixture
def lists(digits, tmp_path):
    """Copies of 48 digits to train on and 24 held out, with their lists."""
    for split, count in (('train', 48), ('val', 24)):
        lines = (digits / f'{split}.txt').read_text().splitlines()
        lines = lines[:: len(lines) // count][:count]
        for line in lines:
            path = tmp_path / line.split()[0]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes((digits / line.split()[0]).read_bytes())
        (tmp_path / f'{split}.txt').write_text('\n'.join(lines) + '\n')
    return tmp_path


def spoil(root, split: str, *positions: int, content: bytes = HTML) -> list[str]:
    """Replace images of a list; returns their names."""
    lines = (root / f'{split}.txt').read_text().splitlines()
    names = [lines[position].split()[0] for position in positions]
    for name in names:
        (root / name).write_bytes(content)
    return names


def config(root, **test_cfg) -> Config:
    cfg = digits_config(root, root / 'work')
    del cfg.train_dataloader.dataset.dataset.indices, cfg.test_cfg.reference.dataset.indices
    cfg.train_dataloader.dataset.max_unreadable = 0.01
    cfg.test_cfg.update(test_cfg)
    return cfg


def peer_accuracy(runner, k: int, queries: list[int], references: list[int]) -> float:
    """KNN by scikit-learn among the images that are named."""
    rows, labels = [], []
    for dataset, positions in (
        (runner.test_loop.reference.dataset, references),
        (runner.test_dataloader.dataset, queries),
    ):
        batch = runner.test_dataloader.collate_fn([dataset[position] for position in positions])
        rows.append(batch_features(runner.model.eval(), batch, 'embedding')[0].numpy())
        labels.append([dataset.get_data_info(position)['gt_label'] for position in positions])
    peer = KNeighborsClassifier(
        k,
        metric='cosine',
        algorithm='brute',
        weights=lambda d: np.exp((1 - d) / 0.07),
    )
    return 100 * peer.fit(rows[0], labels[0]).score(rows[1], labels[1])


def test_knn_leaves_out_what_cannot_be_read_and_says_so(lists, caplog):
    """One file is damaged in the middle, which its header does not show."""
    whole = (lists / (lists / 'val.txt').read_text().split()[0]).read_bytes()
    damaged = bytearray(whole)
    middle = whole.index(b'IDAT') + 12
    damaged[middle : middle + 8] = bytes(8)
    names = spoil(lists, 'val', 7, content=bytes(damaged))
    names += spoil(lists, 'train', 11)
    runner = build_runner(config(lists, k=5))
    with caplog.at_level(logging.WARNING, runner.logger.name):
        runner.logger.addHandler(caplog.handler)
        metrics = runner.test()
    assert metrics['unreadable_queries'] == 1 and metrics['unreadable_references'] == 1
    for what, name, count in (('queries', names[0], 24), ('references', names[1], 48)):
        assert f'kNN {what}: 1 of {count} cannot be read and are left out: ' in caplog.text
        assert f'{name}: the ' in caplog.text
    others = [list(set(range(count)) - {gone}) for count, gone in ((24, 7), (48, 11))]
    assert metrics['knn/top1_k5'] == pytest.approx(peer_accuracy(runner, 5, *others))


def test_whole_data_have_no_counts_in_their_metrics(lists):
    assert not [name for name in build_runner(config(lists)).test() if 'unreadable' in name]


def test_a_training_with_broken_files_lists_them_first_and_ends_normally(lists, caplog):
    names = spoil(lists, 'train', 0) + spoil(lists, 'val', 5)
    runner = build_runner(config(lists))
    logged = []
    runner.logger.addHandler(caplog.handler)

    class Watch(image_check_hook.Hook):
        def before_train_iter(self, runner, **_):
            logged.append(caplog.text)

    runner.register_hook(Watch())
    runner.train()
    for loader, name, count in zip(('train', 'val'), names, (48, 24), strict=True):
        assert f'{loader}_dataloader: 1 of {count} images cannot be read:' in logged[0]
        assert f'{name}: the file is not an image of a known format' in logged[0]
    assert runner.val_loop.dataloader.dataset.unreadable.sum() == 1


@pytest.mark.parametrize('split', ['train', 'val'])
def test_more_than_allowed_are_refused_before_the_first_step(lists, split):
    names = spoil(lists, split, 2, 3, 5)
    runner = build_runner(config(lists))
    with pytest.raises(TooManyUnreadableError) as error:
        runner.train()
    assert str(error.value).startswith(f'{split}_dataloader: cannot read 3 of ')
    assert all(f'{name}: the file is not' in str(error.value) for name in names)
    assert runner.iter == 0


def test_a_data_set_that_tolerates_nothing_is_refused_with_all_files(lists):
    spoil(lists, 'train', *range(30))
    dataset = build_runner(config(lists)).build_dataloader(config(lists).test_cfg.reference).dataset
    with pytest.raises(TooManyUnreadableError, match='train: 30 of 48 images cannot') as error:
        check_images(dataset, 'train')
    lines = str(error.value).splitlines()
    assert len(lines) == 1 + 20 + 1 + 1 and lines[21] == '  and 10 more'


def test_of_many_images_some_are_looked_at_and_images_in_memory_are_not(lists, monkeypatch):
    spoil(lists, 'train', *range(1, 48, 2))
    cfg = config(lists)
    dataset = InstanceDataset(cfg.train_dataloader.dataset.dataset, 0.9)
    check_images(dataset, 'train', most=24)  # every second, all of them whole
    assert not dataset.unreadable.any()
    check_images(dataset, 'train', most=48)
    assert dataset.unreadable.sum() == 24
    with pytest.raises(ValueError, match='most must be at least 1, got 0'):
        image_check_hook.ImageCheckHook(0)


def test_animations_are_counted_once(lists, monkeypatch):
    """Their first frame is used."""
    frames = [Image.new('L', (28, 28), shade) for shade in (0, 255)]
    name = (lists / 'train.txt').read_text().splitlines()[5].split()[0]
    frames[0].save(lists / name, 'GIF', save_all=True, append_images=frames[1:])
    dataset = DATASETS.build(digits_config(lists, lists).train_dataloader.dataset.dataset)
    logged = []
    monkeypatch.setattr(image_check_hook, 'print_log', lambda text, _: logged.append(text))
    check_images(dataset, 'train_dataloader')
    (text,) = logged
    assert text.startswith('train_dataloader: 1 of 48 images have several frames or pages, of')


def test_images_of_other_loaders_are_not_checked(lists):
    """A pipeline of one's own may read what this package cannot."""
    spoil(lists, 'train', 1)
    settings = config(lists).test_cfg.reference.dataset
    settings.pipeline[0].type = 'LoadImageFromFile'
    dataset = EvaluationDataset(settings, 0)
    check_images(dataset, 'train')
    assert not dataset.unreadable.any()
