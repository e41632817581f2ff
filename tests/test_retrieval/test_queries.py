"""Files, folders and arrays as queries, and refused inputs."""

import shutil

import numpy as np
import pytest

from npid_mm.retrieval.queries import query_images, query_name


def test_folders_are_replaced_by_their_images(images, tmp_path, capsys):
    """Files without an image are reported."""
    first, second = sorted((images / '4').iterdir())[:2]
    for path in (first, second):
        shutil.copy(path, tmp_path)
    (tmp_path / 'note.txt').touch()
    array = np.zeros((4, 5, 3), np.uint8)
    inputs = [first, tmp_path, array]
    found = query_images(inputs)
    assert found[:3] == [str(first), *(str(tmp_path / path.name) for path in (first, second))]
    assert found[3] is array and len(found) == 4
    assert 'passed over: 1 .txt' in capsys.readouterr().err
    assert query_name(array) == 'an array (4, 5, 3)' and query_name('a\nb') == r'a\nb'


@pytest.mark.parametrize(
    'inputs, error, message',
    [
        (3, TypeError, 'inputs must be files, folders or arrays .* got int of no shape'),
        (np.zeros((4, 4), np.uint8), TypeError, r'got ndarray of \(4, 4\)'),
        (np.zeros((4, 4, 3)), TypeError, r'got ndarray of \(4, 4, 3\) float64'),
        ([], ValueError, 'inputs must name at least one image, got none'),
    ],
)
def test_other_inputs_are_refused(inputs, error, message):
    with pytest.raises(error, match=message):
        query_images(inputs)
