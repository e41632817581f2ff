"""tools/dataset_converters/make_places205_lists.py, and the check of its lists."""

import shutil

import pytest

MAKE = 'make_places205_lists.py'


@pytest.fixture
def root(places205, tmp_path):
    """Places205 as unpacked, without our lists."""
    root = shutil.copytree(places205, tmp_path / 'places205')
    shutil.rmtree(root / 'meta')
    return root


def test_written_lists_pass_the_check(run, root, places205):
    code, text = run(MAKE, root)
    assert code == 0, text
    assert f'{root}/meta/val.txt: 20 images of 10 classes' in text
    for split in ('train', 'val'):
        written = (root / f'meta/{split}.txt').read_text()
        assert written == (places205 / f'meta/{split}.txt').read_text()
    code, text = run('check_dataset.py', 'places205', root, '--classes', 10)
    assert code == 0, text


def test_existing_lists_are_kept_without_force(run, root):
    (root / 'meta').mkdir()
    (root / 'meta/val.txt').write_text('mine 0\n')
    code, text = run(MAKE, root)
    assert code == 0 and 'exists: kept (--force replaces it)' in text
    assert (root / 'meta/val.txt').read_text() == 'mine 0\n'
    assert run(MAKE, root, '--force')[0] == 0
    assert len((root / 'meta/val.txt').read_text().splitlines()) == 20


def test_a_missing_source_is_named_and_the_other_list_written(run, root):
    (root / 'trainvalsplit_places205/train_places205.csv').unlink()
    code, text = run(MAKE, root)
    assert code == 1 and f'cannot write {root}/meta/train.txt: no file {root}/trainval' in text
    assert [path.name for path in (root / 'meta').iterdir()] == ['val.txt']


def test_the_folder_of_images_is_an_option(run, root):
    shutil.move(root / 'data/vision/torralba/deeplearning/images256', root / 'images')
    code, text = run(MAKE, root)
    assert code == 1 and 'or say with --images where they are' in text
    code, text = run(MAKE, root, '--images', 'images')
    assert code == 0, text
    assert (root / 'meta/train.txt').read_text().startswith('images/a/abbey/gsun_train')
