"""Findings of the check of CIFAR-10."""

from hashlib import md5

import pytest
from torchvision.datasets import CIFAR10

from npid_mm.datasets.layout_checks.cifar10 import CIFAR10Check

NAMES = [name for name, _ in CIFAR10.train_list + CIFAR10.test_list]


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Small files under CIFAR-10's names, with matching checksums."""
    folder = tmp_path / 'cifar-10-batches-py'
    folder.mkdir()
    sums = {}
    for name in [*NAMES, 'batches.meta']:
        (folder / name).write_text(name)
        sums[name] = md5(name.encode()).hexdigest()
    monkeypatch.setattr(CIFAR10, 'train_list', [[name, sums[name]] for name in NAMES[:5]])
    monkeypatch.setattr(CIFAR10, 'test_list', [[name, sums[name]] for name in NAMES[5:]])
    monkeypatch.setattr(CIFAR10, 'meta', dict(filename='batches.meta', md5=sums['batches.meta']))
    return tmp_path


def test_good_files(root):
    report = CIFAR10Check()(root)
    assert report.problems == [] and report.looked_for == 7


def test_missing_and_damaged_files(root):
    (root / 'cifar-10-batches-py/data_batch_2').write_text('half')
    (root / 'cifar-10-batches-py/batches.meta').unlink()
    assert CIFAR10Check()(root).problems == [
        'cifar-10-batches-py/data_batch_2 is damaged (its checksum differs): remove '
        'cifar-10-batches-py/ and unpack cifar-10-python.tar.gz again',
        f'cifar-10-batches-py/batches.meta is missing in {root}',
    ]


def test_nothing_or_only_the_archive(tmp_path):
    missing = f'folder cifar-10-batches-py/ is missing in {tmp_path}'
    assert CIFAR10Check()(tmp_path).problems == [f'{missing}: configs of CIFAR-10 download it']
    (tmp_path / 'cifar-10-python.tar.gz').touch()
    assert CIFAR10Check()(tmp_path).problems == [f'{missing}: unpack cifar-10-python.tar.gz']
