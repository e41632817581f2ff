"""tools/dataset_converters/make_imagenet_lists.py, and the check of its lists."""

import pytest


@pytest.fixture
def root(tmp_path):
    """Three class folders without lists: per class 20 images for training, 2 for validation."""
    for split, count in (('train', 20), ('val', 2)):
        for wnid in ('n02', 'n01', 'n10'):
            (tmp_path / split / wnid).mkdir(parents=True)
            for number in range(count):
                (tmp_path / split / wnid / f'{wnid}_{number}.JPEG').touch()
    return tmp_path


def lines(root, name):
    return (root / f'meta/{name}.txt').read_text().splitlines()


def test_written_lists_pass_the_check(run, root):
    code, text = run('make_imagenet_lists.py', root, '--subset', 1, '--subset', 10)
    assert code == 0, text
    assert 'meta/train.txt: 60 images of 3 classes' in text
    assert "train_10percent.txt is a sample of 10 % of each class with seed 0, not SimCLR's" in text
    assert len(lines(root, 'train')) == 60 and 'n02/n02_7.JPEG 1' in lines(root, 'train')
    assert lines(root, 'val')[-1] == 'n10/n10_1.JPEG 2'
    assert [len(lines(root, f'train_{percent}percent')) for percent in (1, 10)] == [3, 6]
    assert sorted(path.name for path in (root / 'meta').iterdir()) == [
        'train.txt', 'train_10percent.txt', 'train_1percent.txt', 'val.txt',
    ]  # fmt: skip

    code, text = run(
        'check_dataset.py', 'imagenet', root, '--classes', 3, '--labeled-lists', '--all'
    )
    assert code == 0, text
    counts = 'train 60, val 6, train_1percent 3, train_10percent 6'
    assert f'no problems found: {counts}, 75 files checked' in text


def test_existing_lists_are_kept_without_force(run, root):
    (root / 'meta').mkdir()
    (root / 'meta/train.txt').write_text('mine 0\n')
    code, text = run('make_imagenet_lists.py', root)
    assert code == 0 and 'exists: kept (--force replaces it)' in text
    assert lines(root, 'train') == ['mine 0'] and len(lines(root, 'val')) == 6
    code, text = run('make_imagenet_lists.py', root, '--force')
    assert code == 0 and len(lines(root, 'train')) == 60


def test_a_flat_validation_folder_is_explained(run, root):
    for path in list((root / 'val').rglob('*.JPEG')):
        path.rename(root / 'val' / path.name)
    for path in (root / 'val').glob('n??'):
        path.rmdir()
    code, text = run('make_imagenet_lists.py', root)
    assert code == 1 and 'cannot write' in text
    assert 'ILSVRC2012_devkit_t12.tar.gz' in text
    assert [path.name for path in (root / 'meta').iterdir()] == ['train.txt']


def test_a_published_subset_has_the_labels_of_the_training_list(run, root, tmp_path):
    published = tmp_path / '1percent.txt'
    published.write_text('n10_3.JPEG\nn01_0.JPEG\n')
    options = ['--subset', 1, '--subset-list', published]
    code, text = run('make_imagenet_lists.py', root, *options)
    assert code == 0, text
    assert lines(root, 'train_1percent') == ['n10/n10_3.JPEG 2', 'n01/n01_0.JPEG 0']
    assert "not SimCLR's" not in text

    published.write_text('n10_3.JPEG\nn01_99.JPEG\n')
    code, text = run('make_imagenet_lists.py', root, *options, '--force')
    assert code == 1 and '1 of 2 names are not in the whole list' in text
    # the older list is unchanged
    assert len(lines(root, 'train_1percent')) == 2
