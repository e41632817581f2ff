"""Every command refuses wrong input in one line that names it, and writes nothing."""

import re
import shlex
import shutil

import pytest
import torch

from npid_mm.cli.main import COMMANDS, ERROR_STATUS
from tests.inputs.bad_inputs import checkpoints, configs, others
from tests.test_checkpoints import foreign
from tests.tool_server import run_npid
from tests.toy import ROOT, digits_config

pytestmark = pytest.mark.slow

TRAIN = '{config} --work-dir {out} --cfg-options '
CASES = {
    'train': [
        *(
            (f'{line}{" --work-dir {out}" * (line[:8] == "{files}/")}', error)
            for line, error in configs.TRAINING
            if line not in ('{folder}', '{files}/text.txt')  # images, not a config
        ),
        *others.TRAIN_IMAGES,
        *((TRAIN + option, error) for option, error in configs.SETTINGS),
    ],
    'test': checkpoints.TEST,
    'retrieve': checkpoints.RETRIEVE,
    'quickstart': others.QUICKSTART,
    'sweep': others.SWEEP,
    'benchmark': others.BENCHMARK,
    'download': others.DOWNLOAD,
    'install-ops': others.OPS,
    'doctor': others.DOCTOR,
    'embed': others.EMBED,
    'curate': others.CURATE,
    'report': others.REPORT,
    'convert check-bank-order': checkpoints.CHECK_ORDER,
    'convert checkpoint': checkpoints.CONVERT,
    'convert extract-backbone': checkpoints.EXTRACT,
    'convert publish': checkpoints.PUBLISH,
    'convert reorder-bank': checkpoints.REORDER,
    'draw views': others.BROWSE,
    'draw bank': others.BANK,
    'draw class-accuracy': others.CLASS_ACCURACY,
    'draw curves': others.CURVES,
    'draw retrieval': others.RETRIEVAL,
    'data check': others.CHECK_DATASET,
    'data imagenet-lists': others.IMAGENET_LISTS,
    'data proposals': others.PROPOSALS,
    'data places205-lists': others.PLACES205_LISTS,
}
EVERY = [(command, *case) for command, cases in CASES.items() for case in cases]
BUILT = [(TRAIN + option, error) for option, error in configs.BUILT]


@pytest.fixture(scope='module')
def names(digits, imagenet, tmp_path_factory):
    """Valid and invalid files, by the names that the cases use."""
    folder = tmp_path_factory.mktemp('inputs')
    digits_config(digits, folder / 'run').dump(folder / 'config.py')
    names = {
        'config': folder / 'config.py',
        'checkpoint': folder / 'run/epoch_1.pth',
        'run': folder / 'run',
        'unrecorded': folder / 'unrecorded',
        'images': folder / 'images',
        'image': folder / 'images/0.png',
        'photo': folder / 'photo.png',
        'index': folder / 'index',
        'list': folder / 'list.txt',
        'short': folder / 'short.txt',
        'folder': folder / 'folder',
        'empty': folder / 'empty.pth',
        'text': folder / 'text.pth',
        'cut': folder / 'cut.pth',
        'foreign': folder / 'foreign.pth',
        'resnet': folder / 'resnet.pth',
        'files': folder / 'files',
        'imagenet': imagenet,
        'digits': digits,
    }
    names['folder'].mkdir()
    names['images'].mkdir()
    names['files'].mkdir()
    for number, path in enumerate(sorted((digits / 'train/3').iterdir())[:4]):
        shutil.copy(path, folder / f'images/{number}.png')
    shutil.copy(names['image'], names['photo'])
    names['empty'].touch()
    names['text'].write_text('some words, and no number\n')
    done = run('train', '{config} --work-dir {run}', names, folder)
    assert done.status == 0, done.err[-2000:]
    names['unrecorded'].mkdir()
    shutil.copy(names['checkpoint'], names['unrecorded'])
    names['cut'].write_bytes(names['checkpoint'].read_bytes()[:4096])
    lines = (digits / 'train.txt').read_text().splitlines(True)[:64]
    names['list'].write_text(''.join(lines))
    names['short'].write_text(''.join(lines[:9]))
    torch.save({'words': ['no network']}, names['foreign'])
    foreign.write(foreign.mmselfsup0(foreign.resnet_parts()), names['resnet'])
    for name, content in configs.FILES.items():
        (names['files'] / name).write_text(content.format(**names))
    line = 'index {config} {checkpoint} --images {images} --out {index} --workers 0'
    done = run('retrieve', line, names, folder)
    assert done.status == 0, done.err[-2000:]
    return names


def run(command, line, names, folder):
    """Run a command of ``npid`` with a line of arguments."""
    return run_npid(command, shlex.split(line.format(**names)), folder)


def expect_error(done, error, names, status=1):
    """Expect one line that names the error, and no traceback."""
    text = done.err
    assert done.status == status, f'{done.status}: {text[-2000:]}{done.out[-2000:]}'
    assert 'Traceback' not in text and len(text) < 6000, text[-3000:]
    found = [line for line in text.splitlines() if line.startswith('error: ')]
    assert len(found) == 1, text
    escaped = {name: re.escape(str(value)) for name, value in names.items()}
    assert re.search(error.format(**escaped), found[0]), found[0]


@pytest.mark.parametrize(('command', 'line', 'error'), EVERY)
def test_a_wrong_input_is_reported_in_one_line(command, line, error, names, tmp_path):
    names = names | {'out': tmp_path / 'out'}
    expect_error(run(command, line, names, tmp_path), error, names, ERROR_STATUS.get(command, 1))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(('line', 'error'), BUILT)
def test_a_wrong_value_is_reported_by_the_class_that_gets_it(line, error, names, tmp_path):
    names = names | {'out': tmp_path / 'out'}
    expect_error(run('train', line, names, tmp_path), error, names)


@pytest.mark.parametrize(
    ('command', 'line'),
    [
        ('train', TRAIN + 'train_cfg.max_epochs=1'),
        ('test', '{config} {checkpoint} --work-dir {out} --out {out}.json'),
        ('retrieve', 'search {index} {image} --top 2 --html {out}.html'),
        ('curate', '{index} --out {out}.csv --clusters 2 --subset 4'),
        ('convert checkpoint', '{resnet} {out}.pth --from mmselfsup0 --to backbone'),
        ('convert extract-backbone', '{resnet} {out}.pth'),
        ('convert publish', '{checkpoint} {out}'),
        ('convert reorder-bank', '{checkpoint} {out}.pth --old {list} --new {list}'),
        ('draw views', '{config} --out {out}.png --images 2 --views 2'),
        ('draw curves', '{run} --out {out}.png'),
        ('draw retrieval', '{config} {checkpoint} --out {out}.png --rows 1'),
        ('data check', 'imagenet {imagenet} --classes 10'),
        ('download', '--list'),
    ],
)
def test_the_same_line_without_the_error_passes(command, line, names, tmp_path):
    done = run(command, line, names | {'out': tmp_path / 'out'}, tmp_path)
    assert done.status == 0 and 'error: ' not in done.err, done.err[-3000:]


def test_every_command_is_tried():
    assert set(CASES) == set(COMMANDS) - {'export', 'index', 'search'}
    assert len(EVERY) >= 200


def test_every_tool_is_a_command():
    """So that what holds for a command holds for its tool."""
    tools = {path: path.read_text() for path in (ROOT / 'tools').rglob('*.py')}
    shim = tools[ROOT / 'tools/train.py']
    found = {re.search("run_command[(]'(.*)'[)]", text)[1]: text for text in tools.values()}
    assert len(found) == len(tools) and set(found) <= set(COMMANDS)
    assert {text.replace(name, 'train') for name, text in found.items()} == {shim}
