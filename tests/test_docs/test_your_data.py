"""The config of docs/your_data.md, taken from the page as it stands."""

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from tests.pages import blocks
from tests.toy import ROOT, on_small_data


@pytest.fixture
def example(digits, tmp_path):
    """The config of docs/your_data.md, its folders replaced by those of the digits."""
    page = blocks(ROOT / 'docs/your_data.md', 'python')
    (text,) = [block.code for block in page if '_base_' in block.code]
    text = text.replace('/data/images', str(digits)).replace('/data/lists', str(digits))
    path = tmp_path / 'my_config.py'
    path.write_text(text.replace("'configs/", f"'{ROOT}/configs/"))
    return Config.fromfile(path)


def test_your_data_example_finds_its_images_in_every_loader(example, digits):
    sets = [
        example.train_dataloader.dataset.dataset,
        example.test_cfg.reference.dataset,
        example.val_dataloader.dataset,
        example.test_dataloader.dataset,
    ]
    lists = [f'{digits}/{name}.txt' for name in ('train', 'train', 'val', 'val')]
    assert [each.ann_file for each in sets] == lists
    assert {each.data_root for each in sets} == {str(digits)}


def test_your_data_example_trains(example, digits, tmp_path):
    Runner.from_cfg(on_small_data(example, {'CustomDataset': digits}, tmp_path / 'run')).train()
    assert (tmp_path / 'run/epoch_1.pth').is_file()
