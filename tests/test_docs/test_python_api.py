"""The code of docs/api.md, run in its order on sixty digits."""

import shutil

import pytest

from npid_mm.cli import embed, train_images
from tests.pages import blocks
from tests.toy import ROOT

PAGE = ROOT / 'docs/api.md'
RUN = 'run by tests/test_docs/test_python_api.py'
SHORT = {'resnet18': 'resnet18-w16', 'epochs=100': 'epochs=1, image_size=16, workers=0'}


@pytest.fixture
def folder(digits, tmp_path, monkeypatch):
    """The working directory that the page assumes."""
    found = sorted((digits / 'train').rglob('*.png'))
    (tmp_path / 'images').mkdir()
    for path in found[::20][:60]:
        shutil.copy(path, tmp_path / 'images' / f'{path.parent.name}_{path.name}')
    shutil.copy(found[0], tmp_path / 'cat.jpg')
    shutil.copy(found[-1], tmp_path / 'dog.jpg')
    (tmp_path / 'more.csv').write_text('path\ncat.jpg\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_the_page_runs(folder, capsys):
    codes = [each.code for each in blocks(PAGE, 'python') if each.mark == RUN]
    first, *others = codes
    assert [each.code for each in blocks(ROOT / 'README.md', 'python') if each.mark == RUN] == [
        first
    ]
    names = {}
    for long, short in SHORT.items():
        first = first.replace(long, short)
    exec(first, names)
    assert names['vectors'].shape == (60, 128)
    (text,) = [each.code for each in blocks(PAGE, 'shell') if each.mark == RUN]
    train_line, embed_line = [line.split()[2:] for line in text.splitlines()]
    args = train_images.parse_args(train_line)
    assert (args.images, args.epochs, args.out) == (['images/'], 100, 'run')
    for out in ('vectors.npz', 'vectors.parquet'):
        assert embed.main([*embed_line[:-1], out]) == 0
    assert 'vectors.parquet: 60 images, D = 128\n' in capsys.readouterr().out
    for code in others:
        exec(code, names)
    assert len(names['embeddings']) == 61 and names['vectors'].shape == (60, 128)
    assert names['found'][0][0] == 0 and names['batch'].shape == (2, 3, 16, 16)
