"""No index folder executes, deletes, hangs or grows, whatever it holds."""

import os
import resource
import shutil
import signal
import sys
import time
from contextlib import contextmanager
from itertools import product

import pytest

from npid_mm.cli.user_errors import is_user_error, one_line
from npid_mm.retrieval import (
    FeatureIndex,
    ImageRetriever,
    approximate,
    build_approximate,
    build_index,
)
from npid_mm.utils import download as downloads
from tests.test_retrieval.crafted_indexes import CRAFTS

SECONDS, KILOBYTES = 10, 1 << 20


def page(folder, run, images, **trust):
    out = folder.parent / 'page.html'
    found = ImageRetriever(folder, **trust)(str(images / '5'), top_k=3, html=out)
    text = out.read_text()
    assert '<script>document' not in text and '<img src=x' not in text
    assert text.count('<script') == 2
    return found


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
def few(digits, tmp_path_factory):
    """Twenty digits of two classes each, and two of another."""
    folder = tmp_path_factory.mktemp('few')
    for name, count in ('3', 20), ('4', 20), ('5', 2):
        (folder / name).mkdir()
        for path in sorted((digits / 'val' / name).iterdir())[:count]:
            shutil.copy(path, folder / name)
    return folder


@pytest.fixture(scope='module')
def made(digits_run, few, tmp_path_factory):
    """An index of 40 digits with lists."""
    folder = tmp_path_factory.mktemp('made') / 'index'
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(approximate, 'MIN_ROWS', 10)
        patch.setattr(approximate, 'TRAINING_ROWS', 1)
        images = few.parent / 'images'
        for name in '34':
            shutil.copytree(few / name, images / name)
        build_index(folder, *digits_run, images, dtype='float32', num_workers=0)
        build_approximate(FeatureIndex(folder))
    return folder


ENTRIES = (look, page, fast, sort, grow)


@pytest.fixture(scope='module')
def answer(made, digits_run, few):
    """What the index answers as it was made."""
    return page(made, digits_run, few)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A folder to work in, and files of the user that nothing may touch."""
    for name in ('work', 'treasure'):
        (tmp_path / name).mkdir()
    (tmp_path / 'treasure/thesis.txt').write_text('years of work')
    (tmp_path / 'work/evil.py').write_text('open("executed", "w")')
    monkeypatch.chdir(tmp_path / 'work')
    monkeypatch.syspath_prepend(tmp_path / 'work')
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    monkeypatch.setattr(downloads, 'PAUSE', 0)
    monkeypatch.setattr(approximate, 'MIN_ROWS', 10)
    monkeypatch.setattr(approximate, 'TRAINING_ROWS', 1)
    return tmp_path


@contextmanager
def bounded():
    """Fail if the block takes more processor time or memory, or blocks."""

    def stop(*_):
        raise AssertionError('hangs')

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(12 * SECONDS)  # of the clock, where other processes have the processor
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)
    assert time.process_time() - started < SECONDS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < KILOBYTES


@pytest.mark.parametrize('craft', CRAFTS.values(), ids=CRAFTS.keys())
def test_a_crafted_index_does_no_harm(craft, made, answer, digits_run, few, home):
    """At every entry point, with the trust of the user and without.

    Untrusted, it is refused, or its metadata are still those that the user signed and the answer is
    the right one. Trusted, it answers, or is refused in a line.
    """
    for number, (entry, trust) in enumerate(product(ENTRIES, (False, True))):
        folder = home / str(number) / 'index'
        shutil.copytree(made, folder)
        shutil.copytree(home / 'treasure', folder.parent / 'treasure')
        craft(folder)
        meta = folder / 'index.json'
        signed = meta.is_file() and meta.read_bytes() == (made / 'index.json').read_bytes()
        with bounded():
            try:
                found = entry(folder, digits_run, few, trust=trust)
                assert trust or signed or entry is look
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
