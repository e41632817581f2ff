"""Examples of the docs, taken from the pages as they stand."""

import re

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from tests.toy import ROOT, on_small_data


def blocks(page):
    """Python blocks of a page."""
    return re.findall(r'```python\n(.*?)```', (ROOT / page).read_text(), re.DOTALL)


@pytest.fixture
def example(digits, tmp_path):
    """The config of docs/your_data.md, its folders replaced by those of the digits."""
    (text,) = [block for block in blocks('docs/your_data.md') if '_base_' in block]
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


def test_commands_and_links_name_files_that_exist():
    pages = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *(ROOT / 'docs').glob('*.md')]
    for page in pages:
        text = page.read_text()
        for name in re.findall(r'\b((?:tools|benchmarks|configs)/[\w/.-]+\.(?:py|sh))\b', text):
            assert (ROOT / name).is_file(), f'{page.name} names {name}'
        for link in re.findall(r'\]\((?!http)([^)#]+)', text):
            assert (page.parent / link).exists(), f'{page.name} links to {link}'


def test_every_recipe_is_on_its_page_and_no_other():
    """A config that nobody names is not found, and a name without a config does not run."""
    text = (ROOT / 'docs/pretraining.md').read_text()
    named = re.findall(r'^\| `(npid[\w-]+)` \|', text, re.MULTILINE)
    assert sorted(named) == sorted(p.stem for p in (ROOT / 'configs/selfsup/npid').glob('*.py'))


@pytest.mark.parametrize(
    ('page', 'folder'),
    [
        ('classification', 'classification'),
        ('detection', 'mmdetection'),
        ('segmentation', 'mmsegmentation'),
    ],
)
def test_every_benchmark_is_on_its_page(page, folder):
    text = (ROOT / f'docs/{page}.md').read_text()
    paths = list((ROOT / f'configs/benchmarks/{folder}').glob('[!_]*/*.py'))
    assert paths
    for path in paths:
        assert f'`{path.relative_to(ROOT / "configs/benchmarks" / folder)}`' in text
