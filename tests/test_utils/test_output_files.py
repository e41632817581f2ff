"""Tests of output paths: files of the same kind are replaced, others are kept."""

import io
import json
import os
import runpy
import sys

import pytest
import torch
from PIL import Image

from npid_mm.cli.data.write_lists import wanted
from npid_mm.suites.report import check_folder
from npid_mm.suites.sweep import Sweep
from npid_mm.utils.output_files import (
    CHECKPOINT,
    JSON,
    LIST,
    PAGE,
    PICTURE,
    REPORT,
    SAFETENSORS,
    check_output,
)
from npid_mm.visualization import neighbor_page
from tests.test_checkpoints import foreign
from tests.toy import DIGITS_CONFIG, ROOT


def photograph(kind='jpeg'):
    stream = io.BytesIO()
    Image.new('RGB', (8, 8)).save(stream, kind)
    return stream.getvalue()


def tensors(**arguments):
    stream = io.BytesIO()
    torch.save({'a': torch.ones(2)}, stream, **arguments)
    return stream.getvalue()


def zipped():
    import zipfile

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, 'w') as file:
        file.writestr('word/document.xml', 'a thesis')
    return stream.getvalue()


OWN = {
    PICTURE: [('a.png', photograph('png')), ('a.PDF', b'%PDF-1.4')],
    JSON: [('a.json', b' {"a": 1}'), ('a.json', b'[]')],
    REPORT: [('a.md', b'# Benchmarks: classification\n')],
    CHECKPOINT: [
        ('a.pth', tensors()),
        ('a.pth.tar', tensors(_use_new_zipfile_serialization=False)),
    ],
    SAFETENSORS: [('a.safetensors', (2).to_bytes(8, 'little') + b'{}')],
}
OTHERS = [
    b'my thesis', photograph(), zipped(), b'\x80\x04N.', b'# My page\n', b'<!doctype html>my page',
    b'{\\rtf1 text}', b'[' * 100_000, b'"text"', b'\xff{', (1 << 40).to_bytes(8, 'little') + b'{',
]  # fmt: skip


@pytest.mark.parametrize('kind', OWN, ids=lambda kind: kind.name)
def test_files_of_the_kind_are_replaced_and_others_kept(kind, tmp_path):
    """Every kind against the files of all others, with its own suffix."""
    for name, content in OWN[kind]:
        path = tmp_path / name
        assert check_output(path, kind) == path
        for good in (b'', content):
            path.write_bytes(good)
            assert check_output(path, kind) == path
    foreigners = [each for other in OWN if other is not kind for _, each in OWN[other]]
    for bad in OTHERS + foreigners:
        path.write_bytes(bad)
        with pytest.raises(FileExistsError, match=f'--out {path} exists and is not .* --force'):
            check_output(path, kind)
        assert check_output(path, kind, force=True) == path and path.read_bytes() == bad


def test_a_page_is_replaced_by_a_page_and_another_page_is_kept(tmp_path):
    page = tmp_path / 'page.html'
    neighbor_page([torch.zeros(4, 4, 3, dtype=torch.uint8).numpy()], [[]], 1, out=page)
    assert check_output(page, PAGE) == page
    page.write_text('<!doctype html><title>My page</title>')
    with pytest.raises(FileExistsError, match='is not a neighbor page: name another file'):
        check_output(page, PAGE)


@pytest.mark.parametrize('force', [False, True])
def test_other_paths_are_refused_even_with_force(tmp_path, force):
    """Wrong suffixes, folders, pipes, the file that is read, and unwritable folders."""
    (tmp_path / 'folder.json').mkdir()
    os.mkfifo(tmp_path / 'pipe.json')
    (tmp_path / 'file').touch()
    source = tmp_path / 'source.pth'
    source.write_bytes(tensors())
    os.link(source, tmp_path / 'same.pth')
    for path, kind, error, message in (
        ('photo.png', JSON, ValueError, '--out must end in .json, got '),
        ('photo.png', PAGE, ValueError, '--out must end in .html or .htm, got '),
        ('json', JSON, ValueError, '--out must end in .json, got '),
        ('folder.json', JSON, FileExistsError, '--out must be a file, but .* is a folder, a pipe'),
        ('pipe.json', JSON, FileExistsError, '--out must be a file, but .* is a folder, a pipe'),
        ('file/a.json', JSON, NotADirectoryError, 'cannot be written: .*file is not a folder'),
        ('/proc/a.json', JSON, PermissionError, None),
        ('source.pth', CHECKPOINT, ValueError, '--out is the input file, .*source.pth'),
        ('same.pth', CHECKPOINT, ValueError, '--out is the input file, .*source.pth'),
    ):
        if message is None and os.access('/proc', os.W_OK):
            continue
        with pytest.raises(error, match=message):
            check_output(tmp_path / path, kind, force, source=source)


def test_a_link_is_replaced_only_with_force(tmp_path):
    (tmp_path / 'target.json').write_text('{}')
    for target in ('target.json', 'nothing.json'):
        link = tmp_path / f'to {target}'
        link.symlink_to(tmp_path / target)
        with pytest.raises(FileExistsError, match=f'is a link to .*{target}: name that file'):
            check_output(link, JSON)
        assert check_output(link, JSON, force=True) == link


@pytest.fixture
def tool(monkeypatch, capsys):
    """Run a tool in this process; return its exit status and its stderr."""

    def tool(name, *arguments):
        monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            runpy.run_path(str(ROOT / 'tools' / name), run_name='__main__')
        return end.value.code, capsys.readouterr().err

    return tool


COMMANDS = [
    (['test.py', DIGITS_CONFIG, 'no.pth', '--out'], 'out.json'),
    (['retrieve.py', 'search', 'no-index', 'no.jpg', '--html'], 'out.html'),
    (['visualization/browse_dataset.py', DIGITS_CONFIG, '--out'], 'out.png'),
    (['visualization/draw_bank.py', DIGITS_CONFIG, 'no.pth', '--out'], 'out.pdf'),
    (['visualization/draw_retrieval.py', DIGITS_CONFIG, 'no.pth', '--out'], 'out.png'),
    (['visualization/draw_class_accuracy.py', DIGITS_CONFIG, 'no.pth', '--out'], 'out.png'),
    (['visualization/draw_curves.py', '.', '--out'], 'out.png'),
    (['model_converters/extract_backbone.py', 'no.pth'], 'out.pth'),
    (['model_converters/reorder_bank.py', '--old', 'a', '--new', 'b', 'no.pth'], 'out.pth'),
    (['model_converters/convert.py', '--from', 'vissl', '--to', 'backbone', 'in.pth'], 'out.pth'),
]


@pytest.mark.slow
@pytest.mark.parametrize('command, name', COMMANDS, ids=lambda value: str(value[0]))
def test_every_tool_keeps_a_photograph(tool, command, name, tmp_path, monkeypatch):
    """The refusal is one line, before any other check; also for a wrong suffix."""
    monkeypatch.chdir(tmp_path)
    if command[-1] == 'in.pth':
        foreign.write(foreign.vissl(foreign.resnet_parts()), tmp_path / 'in.pth')
    for photo in (name, 'photo.jpg'):
        (tmp_path / photo).write_bytes(photograph())
        status, text = tool(*command, photo)
        assert status == 1 and text.count('\n') == 1
        assert text.startswith('error: ') and photo in text
        assert 'exists and is not ' in text if photo == name else 'must end in ' in text
        assert (tmp_path / photo).read_bytes() == photograph()
    assert 'error: ' not in text.removeprefix('error: ')
    if command[-1] == 'in.pth':
        assert tool(*command, name, '--force') == (0, '')
        assert torch.load(tmp_path / name, weights_only=True)


@pytest.mark.slow
def test_figures_beside_a_picture_keep_other_files(tool, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'out.json').write_bytes(b'notes')
    status, text = tool(*COMMANDS[5][0], 'out.png')
    assert status == 1 and '--out out.json exists and is not JSON' in text


def test_reports_and_lists_keep_other_files(tmp_path, capsys):
    """Files with fixed names, in folders that the user chooses."""
    subject = dict(suite='classification', sha256='ab', options={})
    (tmp_path / 'report.md').write_text('# What I did on my holidays\n')
    with pytest.raises(FileExistsError, match='report.md exists and is not a report of bench'):
        check_folder(tmp_path, subject)
    (tmp_path / 'report.md').unlink()
    for own in ('{}', '[]', '{"about": {}}'):
        (tmp_path / 'report.json').write_text(own)
        with pytest.raises(ValueError, match='holds the report of another suite and another ch'):
            check_folder(tmp_path, subject)
    for own, error in (('notes', FileExistsError), ('[]', ValueError), ('{}', ValueError)):
        (tmp_path / 'sweep.json').write_text(own)
        with pytest.raises(error):
            Sweep(tmp_path, [], 'accuracy/top1', dict(config='', options=[]))
        assert (tmp_path / 'sweep.json').read_text() == own
    (tmp_path / 'train.txt').mkdir()
    with pytest.raises(FileExistsError, match='train must be a file, but .*train.txt is a folder'):
        wanted(tmp_path / 'train.txt', force=True)
    (tmp_path / 'val.txt').write_text('mine')
    assert not wanted(tmp_path / 'val.txt', force=False) and 'kept' in capsys.readouterr().out
    assert wanted(tmp_path / 'val.txt', force=True)
    assert json.loads((tmp_path / 'report.json').read_text()) == {'about': {}}
    assert check_output(tmp_path / 'new.txt', LIST)
