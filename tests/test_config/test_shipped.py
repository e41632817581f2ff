"""Configs of the package by their names."""

import pytest

from npid_mm.config.shipped import find_config, shipped_configs
from tests.toy import DIGITS_CONFIG, ROOT

NAME = DIGITS_CONFIG.stem


def test_names_are_unique_and_lead_to_the_files():
    """Two configs of one name would hide each other."""
    files = [path for path in (ROOT / 'configs').rglob('*.py') if '_base_' not in path.parts]
    assert sorted(shipped_configs().values()) == sorted(files)
    assert find_config(NAME) == find_config(f'{NAME}.py') == str(DIGITS_CONFIG)


def test_a_file_comes_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / f'{NAME}.py').touch()
    assert find_config(f'{NAME}.py') == f'{NAME}.py'
    assert find_config(NAME) == str(DIGITS_CONFIG)


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        (NAME[:-2], f'config not found: {NAME[:-2]} .*; did you mean {NAME}'),
        (f'configs/{NAME}.py', f'config not found: configs/{NAME}.py .*; did you mean {NAME}'),
        ('nowhere.py', r'config not found: nowhere\.py \(looked from \w+/\)$'),
    ],
)
def test_an_unknown_name_is_reported_with_close_ones(config, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=message.replace('w+/', 'S+')):
        find_config(config)


def test_a_folder_is_not_a_config(tmp_path):
    with pytest.raises(ValueError, match='config must be a file, got the folder'):
        find_config(str(tmp_path))
