"""Every command of the docs runs, page by page."""

import re
import shutil

import pytest
import torch
from mmengine.config import Config
from PIL import Image
from torch.nn import functional as F

from npid_mm.datasets import split_folder
from npid_mm.retrieval import build_index
from npid_mm.retrieval.index.entries import Entry
from tests import layouts
from tests.commands.conftest import FIRST
from tests.pages import blocks, pages
from tests.scenes import make_scenes
from tests.test_checkpoints import foreign
from tests.toy import DIGITS_CONFIG, QUICKSTART_CONFIG, ROOT

pytestmark = pytest.mark.slow

QUICKSTART = f'work_dirs/quickstart/{QUICKSTART_CONFIG.name}'
NAMES = {'CONFIG': QUICKSTART, 'CHECKPOINT': 'work_dirs/quickstart/epoch_120.pth'}


def write_photographs(digits, folder, split, count):
    """Write a flat folder of JPEGs."""
    folder.mkdir(parents=True)
    for number, (image, _) in enumerate(make_scenes(digits, split, count)):
        name = 'one' if number == 0 else f'image_{number}'
        Image.fromarray(image).save(folder / f'{name}.jpg')


def two_folders(root, digits):
    """Write the user's images of the quickstart."""
    write_photographs(digits, root / 'path/to/images', 'train', 40)
    write_photographs(digits, root / 'path/to/more', 'val', 8)
    return {}


def few_digits(root, digits):
    """Write a few more digits than a batch to data/digits."""
    for label in '01':
        images = sorted((digits / 'train' / label).glob('*.png'))[:30]
        for path in images:
            to = root / 'data/digits' / label / path.name
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, to)
    split_folder(root / 'data/digits', root / 'data/digits')
    return {
        'CONFIG': f'configs/selfsup/npid/{DIGITS_CONFIG.name}',
        'CHECKPOINT': f'work_dirs/{DIGITS_CONFIG.stem}/epoch_100.pth',
    }


def checkpoint_of_the_authors(root, digits):
    """Write random weights in the authors' layout, with a bank for a small ImageNet."""
    layouts.write_imagenet(digits, root / 'data/imagenet')
    foreign.write(foreign.lemniscate(foreign.resnet_parts()), root / 'lemniscate.pth')
    return {
        'CHECKPOINT': 'lemniscate.pth',
        'OUT': 'npid.pth',
        'REORDERED': 'reordered.pth',
        'work_dirs/RUN/epoch_200.pth': NAMES['CHECKPOINT'],
    }


def large_index(root, digits):
    """Make an index of images and of enough random rows for an approximate search."""
    names = {name: str(root / value) for name, value in NAMES.items()}
    cfg = Config.fromfile(names['CONFIG'])
    folder = root / 'work_dirs/large'
    index, _ = build_index(folder, cfg, names['CHECKPOINT'], digits / 'val/3', num_workers=0)
    rows = F.normalize(torch.randn(100_000, index.dim))
    index.append(rows, [Entry(f'/images/{number}.jpg', None) for number in range(len(rows))])
    return {'INDEX': str(folder), 'QUERY': str(digits / 'val/3')}


PREPARE = {
    'docs/checkpoints.md': checkpoint_of_the_authors,
    'docs/pretraining.md': few_digits,
    'docs/quickstart.md': two_folders,
    'docs/retrieval.md': large_index,
}


def unmarked(page):
    """Return the blocks of a page that no mark excludes."""
    found = blocks(page, 'shell', 'python')
    return [block for block in found if not block.mark and block != FIRST]


@pytest.mark.parametrize(
    'page', [str(page.relative_to(ROOT)) for page in pages() if unmarked(page)]
)
def test_commands_run(page, workshop, quickstart, digits):
    """Run a page in one shell and in order; the files that its text names exist afterwards."""
    shutil.copytree(quickstart, workshop.root / 'work_dirs/quickstart')
    names = PREPARE[page](workshop.root, digits) if page in PREPARE else NAMES
    workshop.run(unmarked(ROOT / page), names)

    prose = re.sub(r'```.*?```', '', (ROOT / page).read_text(), flags=re.DOTALL)
    for name in re.findall(r'`((?:work_dirs|build)/[\w./-]+\.(?:png|html|json))`', prose):
        assert (workshop.root / name).is_file(), f'{page} names {name}'
