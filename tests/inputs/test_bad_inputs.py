"""Every tool refuses wrong input in one line that names it, and writes nothing."""

import re
import shlex
import shutil

import pytest
import torch

from tests.inputs.bad_inputs import checkpoints, configs, others
from tests.test_checkpoints import foreign
from tests.tool_server import run_tool_file
from tests.toy import ROOT, digits_config

pytestmark = pytest.mark.slow

TRAIN = '{config} --work-dir {out} --cfg-options '
CASES = {
    'train.py': [
        *(
            (f'{line}{" --work-dir {out}" * (line[:8] == "{files}/")}', error)
            for line, error in configs.TRAINING
        ),
        *((TRAIN + option, error) for option, error in configs.SETTINGS),
    ],
    'test.py': checkpoints.TEST,
    'retrieve.py': checkpoints.RETRIEVE,
    'quickstart.py': others.QUICKSTART,
    'sweep.py': others.SWEEP,
    'benchmark.py': others.BENCHMARK,
    'download_checkpoint.py': others.DOWNLOAD,
    'install_mmcv_ops.py': others.OPS,
    'model_converters/check_bank_order.py': checkpoints.CHECK_ORDER,
    'model_converters/convert.py': checkpoints.CONVERT,
    'model_converters/extract_backbone.py': checkpoints.EXTRACT,
    'model_converters/publish_model.py': checkpoints.PUBLISH,
    'model_converters/reorder_bank.py': checkpoints.REORDER,
    'visualization/browse_dataset.py': others.BROWSE,
    'visualization/draw_bank.py': others.BANK,
    'visualization/draw_class_accuracy.py': others.CLASS_ACCURACY,
    'visualization/draw_curves.py': others.CURVES,
    'visualization/draw_retrieval.py': others.RETRIEVAL,
    'dataset_converters/check_dataset.py': others.CHECK_DATASET,
    'dataset_converters/make_imagenet_lists.py': others.IMAGENET_LISTS,
    'dataset_converters/make_places205_lists.py': others.PLACES205_LISTS,
}
EVERY = [(tool, *case) for tool, cases in CASES.items() for case in cases]
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
    }
    names['folder'].mkdir()
    names['images'].mkdir()
    names['files'].mkdir()
    for number, path in enumerate(sorted((digits / 'train/3').iterdir())[:4]):
        shutil.copy(path, folder / f'images/{number}.png')
    shutil.copy(names['image'], names['photo'])
    names['empty'].touch()
    names['text'].write_text('some words, and no number\n')
    done = run('train.py', '{config} --work-dir {run}', names, folder)
    assert done.status == 0, done.err[-2000:]
    names['cut'].write_bytes(names['checkpoint'].read_bytes()[:4096])
    lines = (digits / 'train.txt').read_text().splitlines(True)[:64]
    names['list'].write_text(''.join(lines))
    names['short'].write_text(''.join(lines[:9]))
    torch.save({'words': ['no network']}, names['foreign'])
    foreign.write(foreign.mmselfsup0(foreign.resnet_parts()), names['resnet'])
    for name, content in configs.FILES.items():
        (names['files'] / name).write_text(content.format(**names))
    line = 'index {config} {checkpoint} --images {images} --out {index} --workers 0'
    done = run('retrieve.py', line, names, folder)
    assert done.status == 0, done.err[-2000:]
    return names


def run(tool, line, names, folder):
    """Run a tool with a line of arguments."""
    return run_tool_file(tool, shlex.split(line.format(**names)), folder)


def expect_error(done, error, names):
    """Expect one line that names the error, and no traceback."""
    text = done.err
    assert done.status in (1, 2), f'{done.status}: {text[-2000:]}{done.out[-2000:]}'
    assert 'Traceback' not in text and len(text) < 6000, text[-3000:]
    found = [line for line in text.splitlines() if re.match(r'(\w+\.py[ \w]*: )?error: ', line)]
    assert len(found) == 1, text
    escaped = {name: re.escape(str(value)) for name, value in names.items()}
    assert re.search(error.format(**escaped), found[0]), found[0]


@pytest.mark.parametrize(('tool', 'line', 'error'), EVERY)
def test_a_wrong_input_is_reported_in_one_line(tool, line, error, names, tmp_path):
    names = names | {'out': tmp_path / 'out'}
    expect_error(run(tool, line, names, tmp_path), error, names)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(('line', 'error'), BUILT)
def test_a_wrong_value_is_reported_by_the_class_that_gets_it(line, error, names, tmp_path):
    names = names | {'out': tmp_path / 'out'}
    expect_error(run('train.py', line, names, tmp_path), error, names)


@pytest.mark.parametrize(
    ('tool', 'line'),
    [
        ('train.py', TRAIN + 'train_cfg.max_epochs=1'),
        ('test.py', '{config} {checkpoint} --work-dir {out} --out {out}.json'),
        ('retrieve.py', 'search {index} {image} --top 2 --html {out}.html'),
        ('model_converters/convert.py', '{resnet} {out}.pth --from mmselfsup0 --to backbone'),
        ('model_converters/extract_backbone.py', '{resnet} {out}.pth'),
        ('model_converters/publish_model.py', '{checkpoint} {out}'),
        ('model_converters/reorder_bank.py', '{checkpoint} {out}.pth --old {list} --new {list}'),
        ('visualization/browse_dataset.py', '{config} --out {out}.png --images 2 --views 2'),
        ('visualization/draw_curves.py', '{run} --out {out}.png'),
        ('visualization/draw_retrieval.py', '{config} {checkpoint} --out {out}.png --rows 1'),
        ('dataset_converters/check_dataset.py', 'imagenet {imagenet} --classes 10'),
        ('download_checkpoint.py', '--list'),
    ],
)
def test_the_same_line_without_the_error_passes(tool, line, names, tmp_path):
    done = run(tool, line, names | {'out': tmp_path / 'out'}, tmp_path)
    assert done.status == 0 and 'error: ' not in done.err, done.err[-3000:]


def test_every_tool_is_tried():
    tools = {str(path.relative_to(ROOT / 'tools')) for path in (ROOT / 'tools').rglob('*.py')}
    assert set(CASES) == tools and len(EVERY) >= 200
