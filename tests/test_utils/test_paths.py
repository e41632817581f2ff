"""Paths of any bytes: printed, resolved and refused."""

import os

import pytest

from npid_mm.utils.paths import check_path, printable_path, real_paths


def test_real_paths_are_those_of_the_system(tmp_path):
    (tmp_path / 'disk').mkdir()
    for name in ('1.jpg', '2.jpg'):
        (tmp_path / 'disk' / name).touch()
    (tmp_path / 'link').symlink_to(tmp_path / 'disk')
    (tmp_path / 'disk/3.jpg').symlink_to('1.jpg')
    paths = [f'{tmp_path}/{name}' for name in ('link/2.jpg', 'link/3.jpg', 'disk/1.jpg', 'none')]
    assert list(real_paths(paths)) == [os.path.realpath(path) for path in paths]


@pytest.mark.parametrize(
    ('path', 'shown'),
    [
        ('a b/Ünï 猫.jpg', 'a b/Ünï 猫.jpg'),
        ('a\nb\t\x1b[31m.jpg', r'a\nb\t\x1b[31m.jpg'),
        (os.fsdecode(b'gr\xfcn.jpg'), r'gr\xfcn.jpg'),
        ('\u202egpj.exe', r'\u202egpj.exe'),
    ],
)
def test_any_path_can_be_printed(path, shown):
    assert printable_path(path) == shown
    printable_path(path).encode()


def test_paths_that_configs_and_logs_cannot_hold_are_refused(tmp_path, monkeypatch):
    """Also where a folder above has the bytes."""
    check_path(tmp_path / 'Ünï 猫', 'the work dir')
    odd = tmp_path / os.fsdecode(b'gr\xfcn')
    odd.mkdir()
    monkeypatch.chdir(odd)
    message = r'the work dir must have a path in UTF-8 .*, got .*/gr\\xfcn/run: rename it'
    with pytest.raises(ValueError, match=message):
        check_path('run', 'the work dir')
