"""Crafted index folders cannot execute code, delete files, hang or exhaust the memory."""

import os
import resource
import shutil
import signal
import sys
import time
from contextlib import contextmanager
from itertools import product

import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS

from npid_mm.cli.common.user_errors import is_user_error, one_line
from npid_mm.export import isolated_encoder
from npid_mm.export.onnx_encoder import OnnxEncoder
from npid_mm.retrieval import (
    FeatureIndex,
    ImageRetriever,
    IndexSearch,
    approximate,
    build_approximate,
    build_index,
)
from npid_mm.retrieval.index import index_encoder
from npid_mm.utils import download as downloads
from tests.inputs.crafted_indexes import CRAFTS

pytestmark = pytest.mark.slow

SECONDS, KILOBYTES = 10, 1 << 20


def page(folder, run, images, **trust):
    out = folder.parent / 'page.html'
    found = ImageRetriever(folder, **trust)(str(images / '5'), top_k=3, html=out)
    text = out.read_text()
    assert '<script>document' not in text and '<img src=x' not in text
    assert text.count('<script') == 2
    return found


def browse(folder, run, images, trust):
    """Search with the encoder in the index, which needs no trust."""
    return IndexSearch(folder)(str(images / '5'), top_k=3, html=folder.parent / 'page.html')


def fast(folder, run, images, **trust):
    return ImageRetriever(folder, approximate=True, **trust)(str(images / '5'), top_k=3)


def grow(folder, run, images, **trust):
    return build_index(folder, *run, images / '5', dtype='float32', num_workers=0, **trust)


def sort(folder, run, images, **trust):
    return build_approximate(FeatureIndex(folder), **trust)


def look(folder, run, images, trust=False):
    index = FeatureIndex(folder)
    return index.rows.sum(), list(index.entries())


@pytest.fixture(scope='module')
def tiny_run(digits_run, tmp_path_factory):
    """Config and checkpoint of a network of one stage, which is loaded some thousand times."""
    cfg = Config(digits_run[0].to_dict())
    stages = dict(num_stages=1, strides=(1,), dilations=(1,), out_indices=(0,))
    cfg.model.backbone.update(stages)
    cfg.model.neck.in_channels = cfg.model.backbone.base_channels
    model = MODELS.build({'data_preprocessor': cfg.model.data_preprocessor, **cfg.model})
    path = tmp_path_factory.mktemp('tiny') / 'epoch_1.pth'
    torch.save({'state_dict': model.state_dict(), 'meta': {}}, path)
    return cfg, str(path)


@pytest.fixture(scope='module')
def few(digits, tmp_path_factory):
    """Twenty digits of each of two classes, and two of another."""
    folder = tmp_path_factory.mktemp('few')
    for name, count in ('3', 20), ('4', 20), ('5', 2):
        (folder / name).mkdir()
        for path in sorted((digits / 'val' / name).iterdir())[:count]:
            shutil.copy(path, folder / name)
    return folder


@pytest.fixture(scope='module')
def made(tiny_run, few, tmp_path_factory):
    """An index of 40 digits with lists."""
    folder = tmp_path_factory.mktemp('made') / 'index'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(approximate, 'MIN_ROWS', 10)
        patch.setattr(approximate, 'TRAINING_ROWS', 1)
        images = folder.parent / 'images'
        for name in '34':
            shutil.copytree(few / name, images / name)
        build_index(folder, *tiny_run, images, dtype='float32', num_workers=0)
        build_approximate(FeatureIndex(folder))
    return folder


ENTRIES = (look, page, browse, fast, sort, grow)
UNTRUSTED = (look, browse)  # read any index


@pytest.fixture(scope='module')
def answer(made, tiny_run, few):
    """Results of the undamaged index."""
    return page(made, tiny_run, few)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A working directory, and a file of the user that must not change."""
    for name in ('work', 'treasure'):
        (tmp_path / name).mkdir()
    (tmp_path / 'treasure/thesis.txt').write_text('years of work')
    (tmp_path / 'work/evil.py').write_text('open("executed", "w")')
    monkeypatch.chdir(tmp_path / 'work')
    monkeypatch.syspath_prepend(tmp_path / 'work')
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    monkeypatch.setattr(downloads, 'PAUSE', 0)
    monkeypatch.setattr(isolated_encoder, 'SECONDS', 5.0)
    monkeypatch.setattr(isolated_encoder, 'SECONDS_PER_IMAGE', 0.0)
    monkeypatch.setattr(approximate, 'MIN_ROWS', 10)
    monkeypatch.setattr(approximate, 'TRAINING_ROWS', 1)
    return tmp_path


@contextmanager
def bounded():
    """Fail if the block exceeds the limits of processor time and memory, or hangs."""

    def stop(*_):
        raise AssertionError('hangs')

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(12 * SECONDS)  # wall time, which other processes share
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    assert time.process_time() - started < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < KILOBYTES


@pytest.mark.parametrize('name', CRAFTS)
def test_a_crafted_index_does_no_harm(name, made, answer, tiny_run, few, home, monkeypatch):
    """At each entry point, with ``trust`` and without.

    An untrusted index is refused, unless its metadata are still those that the user signed; then
    its results are right. A trusted index is searched, or refused in one line.
    """
    craft = CRAFTS[name]
    if 'encoder' not in name and 'preprocessing' not in name:  # a process for each takes long
        monkeypatch.setattr(index_encoder, 'IsolatedEncoder', OnnxEncoder)
    for number, (entry, trust) in enumerate(product(ENTRIES, (False, True))):
        if entry is browse and trust:  # it has no such argument
            continue
        folder = home / str(number) / 'index'
        shutil.copytree(made, folder)
        shutil.copytree(home / 'treasure', folder.parent / 'treasure')
        craft(folder)
        meta = folder / 'index.json'
        signed = meta.is_file() and meta.read_bytes() == (made / 'index.json').read_bytes()
        with bounded():
            try:
                found = entry(folder, tiny_run, few, trust=trust)
                assert trust or signed or entry in UNTRUSTED
                assert not signed or entry is not page or found == answer
            except Exception as error:
                if isinstance(error, AssertionError):
                    raise
                assert is_user_error(error), repr(error)
                assert '\n' not in one_line(error)
        for treasure in (home / 'treasure', folder.parent / 'treasure'):
            assert os.listdir(treasure) == ['thesis.txt']
            assert (treasure / 'thesis.txt').read_text() == 'years of work'
        assert sorted(os.listdir(home / 'work')) == ['evil.py'] and 'evil' not in sys.modules


def test_there_are_enough_of_them():
    assert len(CRAFTS) >= 60 and len(CRAFTS) * len(ENTRIES) * 2 >= 720
