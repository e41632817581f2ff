"""The configs of docs/your_images.md, taken from the page as they stand."""

import shutil
import uuid

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from npid_mm.analysis.bank_order import bank_order_of_config
from npid_mm.analysis.held_out_search import search_held_out
from npid_mm.config.checks.data_folders import check_data_folders
from npid_mm.config.loaders import set_loader_defaults
from npid_mm.config.training_images import training_images
from npid_mm.datasets import split_folder
from npid_mm.engine.features import dataset_features
from npid_mm.retrieval import build_index
from tests.pages import blocks
from tests.toy import ROOT, on_small_data


def config_of(name, images, lists, folder):
    """A config of docs/your_images.md, by the name in its first line; its folders replaced."""
    page = blocks(ROOT / 'docs/your_images.md', 'python')
    (text,) = [block.code for block in page if block.code.startswith(f'# {name}')]
    text = text.replace('/data/images', str(images)).replace('/data/lists', str(lists))
    path = folder / name
    path.write_text(text.replace("'configs/", f"'{ROOT}/configs/"))
    return Config.fromfile(path)


@pytest.fixture
def example(digits, tmp_path):
    """The config for images with labels, on the digits."""
    return config_of('my_config.py', digits, digits, tmp_path)


def test_the_example_finds_its_images_in_every_loader(example, digits):
    sets = [
        example.train_dataloader.dataset.dataset,
        example.test_cfg.reference.dataset,
        example.val_dataloader.dataset,
        example.test_dataloader.dataset,
    ]
    lists = [f'{digits}/{name}.txt' for name in ('train', 'train', 'val', 'val')]
    assert [each.ann_file for each in sets] == lists
    assert {each.data_root for each in sets} == {str(digits)}


@pytest.mark.slow
def test_the_example_trains(example, digits, tmp_path):
    Runner.from_cfg(on_small_data(example, {'CustomDataset': digits}, tmp_path / 'run')).train()
    assert (tmp_path / 'run/epoch_1.pth').is_file()


@pytest.fixture
def unlabelled(digits, tmp_path):
    """The config for images without labels, on digits in one folder, and their folder."""
    images = tmp_path / 'images'
    images.mkdir()
    for path in sorted((digits / 'train').rglob('*.png'))[:80]:
        shutil.copy(path, images)
    assert split_folder(images, tmp_path / 'lists') == []
    cfg = config_of('unlabeled.py', images, tmp_path / 'lists', tmp_path)
    cfg.update(work_dir=str(tmp_path / 'run'), experiment_name=uuid.uuid4().hex)
    cfg.train_cfg.max_epochs = 1
    cfg.train_dataloader.update(batch_size=32, num_workers=0)
    cfg.default_hooks.checkpoint.interval = 1
    set_loader_defaults(cfg.train_dataloader)
    return cfg


@pytest.mark.slow
def test_images_without_labels_train(unlabelled, tmp_path):
    check_data_folders(unlabelled, 'train_dataloader', 'val_dataloader')
    runner = Runner.from_cfg(unlabelled)
    runner.train()
    assert runner.iter == 2 and runner.model.memory_bank.length == 64
    assert (tmp_path / 'run/epoch_1.pth').is_file()


@pytest.mark.slow
def test_images_without_labels_are_indexed_searched_and_checked(unlabelled, tmp_path):
    """Their config has no test set: the training images take its place, none finding itself."""
    set_loader_defaults(unlabelled.train_dataloader)
    runner = Runner.from_cfg(unlabelled)
    runner.train()
    checkpoint = tmp_path / 'run/epoch_1.pth'

    index, unreadable = build_index(
        tmp_path / 'index', unlabelled, checkpoint, tmp_path / 'images', num_workers=0
    )
    assert len(index) == 80 and not unreadable

    parts = bank_order_of_config(unlabelled, checkpoint, images=64)
    assert [(part.first, part.last) for part in parts][-1] == (52, 63)

    found = search_held_out(unlabelled, checkpoint, k=3)
    assert found.index.shape == (64, 3) and found.query_labels is None
    images = [found.queries.get_data_info(i)['img_path'] for i in range(64)]
    assert images == [found.references.get_data_info(i)['img_path'] for i in range(64)]
    # against a plain search of the bank with the trained network
    bank = runner.model.memory_bank.feature_bank
    loader = Runner.build_dataloader(training_images(unlabelled))
    similarity = dataset_features(runner.model.eval(), loader, 'embedding') @ bank.T
    similarity.fill_diagonal_(-2)
    expected = similarity.topk(3)
    assert torch.equal(found.index, expected.indices)
    torch.testing.assert_close(found.similarity, expected.values)


def test_a_config_without_any_images_is_told(unlabelled):
    unlabelled.test_pipeline = None
    with pytest.raises(
        ValueError, match=r'must have a test_dataloader, or test_pipeline=\[...\] to read'
    ):
        training_images(unlabelled)
    unlabelled.train_dataloader = None
    with pytest.raises(ValueError, match='must have a train_dataloader, it has none'):
        training_images(unlabelled)


def test_images_without_labels_need_that_the_config_says_so(unlabelled):
    del unlabelled.train_dataloader.dataset.dataset['with_label']
    with pytest.raises(ValueError, match=r'must be `path label`; .* set with_label=False'):
        check_data_folders(unlabelled, 'train_dataloader')
