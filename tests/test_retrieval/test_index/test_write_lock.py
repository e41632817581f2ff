"""One process at a time writes to an index; a killed writer does no harm."""

import json
import os
import signal
from contextlib import contextmanager
from multiprocessing import get_context

import pytest
import torch

from npid_mm.retrieval import FeatureIndex, approximate, build, build_approximate, build_index
from npid_mm.retrieval.index.entries import Entry
from npid_mm.retrieval.index.write_lock import write_lock
from tests.toy import INDEX_ABOUT, unit_rows

pytestmark = pytest.mark.slow

REFUSED = 'another process is writing to the index .*index: wait until it is done, or end it'


@pytest.fixture
def folder(tmp_path):
    return tmp_path / 'made' / 'index'


@contextmanager
def other_process(target, *arguments):
    """Run a process until the end of the block, then kill it and the workers that it names."""
    context = get_context('fork')
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *arguments))
    process.start()
    try:
        assert ours.poll(60)
        workers = ours.recv()
        yield process
    finally:
        process.kill()
        process.join()
    for worker in workers:
        os.kill(worker, signal.SIGKILL)


def hold(pipe, folder):
    with write_lock(folder):
        pipe.send([])
        signal.pause()


def hold_with_worker(pipe, folder):
    """Like a build with workers, which live on for a while."""
    with write_lock(folder):
        worker = os.fork()
        if not worker:
            signal.pause()
        pipe.send([worker])
        signal.pause()


def write(folder):
    """An index of 64 rows."""
    index = FeatureIndex.create(folder, {}, INDEX_ABOUT | dict(dtype='float32', dim=8))
    index.append(unit_rows(64, 8), [Entry(f'{number}.jpg', None) for number in range(64)])


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_a_second_process_is_refused_at_once_and_may_read(folder):
    with write_lock(folder):
        write(folder)
    with other_process(hold, folder):
        with pytest.raises(BlockingIOError, match=REFUSED), write_lock(folder):
            pass
        assert torch.equal(FeatureIndex(folder).rows, unit_rows(64, 8))


@pytest.mark.parametrize('target', [hold, hold_with_worker])
def test_a_killed_process_releases_the_lock(folder, target):
    """Its file is left over, and removed by the next writer."""
    with other_process(target, folder) as process:
        process.kill()
        process.join()
        assert names(folder) == {'writing.lock'}
        with write_lock(folder):
            write(folder)
    assert names(folder) == {'entries.bin', 'index.json', 'rows.npy'}


def test_temporary_files_of_a_killed_writer_are_removed(folder):
    with write_lock(folder):
        write(folder)
    (folder / 'approximate.faiss.unfinished').write_bytes(b'half')
    with pytest.raises(KeyboardInterrupt), write_lock(folder):
        (folder / 'index.json.unfinished').write_bytes(b'half')
        raise KeyboardInterrupt
    assert names(folder) == {'entries.bin', 'index.json', 'rows.npy'}


def test_an_empty_folder_that_was_created_is_removed(folder, tmp_path):
    """And one that existed stays."""
    tmp_path.joinpath('there').mkdir()
    for each in (folder, tmp_path / 'there'):
        with write_lock(each):
            assert names(each) == {'writing.lock'}
    assert names(tmp_path) == {'there'}


def test_a_build_is_refused_before_the_network_is_loaded(digits_run, images, folder, monkeypatch):
    """While another process creates an index, and while it adds rows."""
    monkeypatch.setattr(build, 'load_network', None)
    for existing in (False, True):
        with other_process(hold, folder):
            if existing:
                write(folder)
            with pytest.raises(BlockingIOError, match=REFUSED):
                build_index(folder, *digits_run, images, num_workers=0)


def test_lists_are_not_made_while_an_index_grows(folder, monkeypatch):
    monkeypatch.setattr(approximate, 'MIN_ROWS', 64)
    write(folder)
    with other_process(hold, folder), pytest.raises(BlockingIOError, match=REFUSED):
        build_approximate(FeatureIndex(folder))


def test_no_rows_are_added_while_lists_are_made(folder, monkeypatch):
    """And an error meanwhile leaves the older lists unchanged."""
    monkeypatch.setattr(approximate, 'MIN_ROWS', 64)
    monkeypatch.setattr(approximate, 'TRAINING_ROWS', 1)
    write(folder)
    build_approximate(FeatureIndex(folder))
    files = {path.name: path.read_bytes() for path in folder.iterdir()}

    def choose(*arguments):
        with pytest.raises(BlockingIOError, match=REFUSED), write_lock(folder):
            pass
        raise OSError('disk full')

    monkeypatch.setattr(approximate, '_choose_probes', choose)
    with pytest.raises(OSError, match='disk full'):
        build_approximate(FeatureIndex(folder))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files
    assert json.loads(files['index.json'])['approximate']['rows'] == 64
