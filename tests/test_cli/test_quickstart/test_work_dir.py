"""The work dir of a quickstart belongs to one folder of images, and nothing in it is executed."""

import json
import os
import re

import pytest

from npid_mm.cli.quickstart.work_dir import RECORD, check_work_dir, record_images


@pytest.fixture
def run(tmp_path):
    """Make a work dir that belongs to the images beside it."""
    (tmp_path / 'images').mkdir()
    (tmp_path / 'run').mkdir()
    record_images(tmp_path / 'run', tmp_path / 'images')
    return tmp_path / 'run'


def test_the_same_images_are_accepted(run):
    check_work_dir(run, run.parent / 'images', ['config.py'])
    (run.parent / 'link').symlink_to('images')
    check_work_dir(run, run.parent / 'link', ['config.py'])


def test_other_images_are_refused(run):
    before, other = run.parent / 'images', run.parent / 'other'
    with pytest.raises(ValueError, match=f'holds a run on the images of {before}, not of {other}'):
        check_work_dir(run, other, [])


def test_no_config_in_the_work_dir_is_executed(run):
    """Without a record, a work dir with a config of a quickstart belongs to other images."""
    code = f'open({str(run / "executed")!r}, "w")'
    for name in ('config.py', 'notes.py'):
        (run / name).write_text(code)
    check_work_dir(run, run.parent / 'images', ['config.py'])
    os.remove(run / RECORD)
    with pytest.raises(ValueError, match='holds a run on the images of an unknown folder'):
        check_work_dir(run, run.parent / 'images', ['config.py'])
    check_work_dir(run, run.parent / 'images', ['other.py'])
    assert not (run / 'executed').exists()


@pytest.mark.parametrize('text', ['', '{', '[]', '{"images": 3}', '{}', '[' * 100_000, '\xff'])
def test_a_damaged_record_is_refused(run, text):
    (run / RECORD).write_text(text, encoding='latin1')
    with pytest.raises(ValueError, match=re.escape(f'{run / RECORD} is damaged: remove it, or')):
        check_work_dir(run, run.parent / 'images', [])


def test_a_work_dir_among_the_images_is_refused(run):
    for root, work_dir in ((run, run / 'work'), (run, run), (run.parent, run)):
        with pytest.raises(ValueError, match='--work-dir must be outside the folder of images'):
            check_work_dir(work_dir, root, [])
    check_work_dir(run.parent / 'new', run.parent / 'new/digits', [])


@pytest.mark.parametrize(
    ('name', 'shown'), [(b'gr\xfcn', r'gr\xfcn'), (b'two\nlines', r'two\nlines')]
)
def test_folders_that_are_not_utf8_are_refused(run, name, shown):
    odd = run.parent / os.fsdecode(name)
    for pair in ((run, odd), (odd, run.parent / 'images')):
        with pytest.raises(
            ValueError, match='must have a path in UTF-8 .*' + re.escape(f'/{shown}: ')
        ):
            check_work_dir(*pair, [])


def test_the_record_is_json(run):
    assert json.loads((run / RECORD).read_text()) == {'images': str(run.parent / 'images')}
