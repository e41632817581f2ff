"""Malformed lines and missing files of a list, reported by file and line."""

import pytest
from mmpretrain.datasets import CustomDataset

from npid_mm.datasets.image_folders.list_check import SAMPLE, check_list

NAMES = [f'{each}/{number}.jpg' for each in ('cat', 'red dog') for number in range(3)]
LINES = [f'{name} {number // 3}' for number, name in enumerate(NAMES)]


@pytest.fixture
def folder(tmp_path):
    """Six images in two classes."""
    for name in NAMES:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    return tmp_path


def check(folder, content, labeled=True):
    """Check a list, given as text or bytes."""
    path = folder / 'list.txt'
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    check_list(str(path), str(folder), labeled)
    return CustomDataset(data_root=str(folder), ann_file=str(path), with_label=labeled)


@pytest.mark.parametrize('labeled', [True, False])
@pytest.mark.parametrize('end', ['\n', '\r\n'])
def test_what_mmpretrain_reads_passes(folder, labeled, end):
    """Also with Windows line ends, and without the last one."""
    lines = LINES if labeled else NAMES
    for text in (end.join(lines) + end, end.join(lines)):
        dataset = check(folder, text, labeled)
        paths = [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))]
        assert paths == [f'{folder}/{name}' for name in NAMES]


def with_line(number, line, lines=LINES):
    """Replace a line, counted from 1, of a list."""
    return '\n'.join([*lines[: number - 1], line, *lines[number:]]) + '\n'


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('\n'.join(LINES) + '\n\n', "line 7, '', is empty: delete it"),
        (with_line(3, ''), "line 3, '', is empty: delete it"),
        (with_line(3, ' \t'), r"line 3, ' \t', is empty: delete it"),
        (with_line(4, 'cat/0.jpg\t0'), r"line 4, 'cat/0.jpg\t0', has a tab in place of the space"),
        ('\n'.join(line.replace(' ', '\t') for line in LINES), 'has a tab .* (6 of 6 lines)'),
        (with_line(4, 'cat/0.jpg,0'), "line 4, 'cat/0.jpg,0', has a comma in place of the space"),
        (with_line(4, 'cat/0.jpg;0'), 'line 4, .* has a semicolon in place of the space'),
        (with_line(4, 'cat/0.jpg\xa00'), 'line 4, .* has a no-break space in place of the space'),
        (with_line(2, 'cat/1.jpg'), "line 2, 'cat/1.jpg', has no label: each line must be"),
        (with_line(2, '3'), "line 2, '3', has no label"),
        (with_line(1, 'path label'), "line 1, 'path label', has no label"),
        (with_line(2, 'cat/1.jpg cat'), "line 2, 'cat/1.jpg cat', has no label"),
        (with_line(2, 'cat/1.jpg 0,1'), "line 2, 'cat/1.jpg 0,1', has a label that is not an int"),
        (with_line(2, 'cat/1.jpg 0.0'), "line 2, 'cat/1.jpg 0.0', has a label that is not an int"),
        (with_line(2, 'cat/1.jpg ١'), "line 2, 'cat/1.jpg ١', has no label"),
        (with_line(2, 'cat/1.jpg 1000000'), 'line 2, .* has a label above 999,999: labels count'),
        (with_line(2, 'cat/1.jpg 1' + 5000 * '0'), 'line 2, .* has a label above 999,999'),
        (
            with_line(2, '/cat/1.jpg 0'),
            'line 2, .* has an absolute path, but .* start from {folder}',
        ),
        ('\ufeff' + '\n'.join(LINES), 'begins with a byte order mark'),
        ('\n'.join(LINES).encode('utf-16'), 'must be UTF-8, but line 1 has the byte 0xff'),
        (with_line(5, 'grün 0').encode('latin1'), 'must be UTF-8, but line 5 has the byte 0xfc'),
    ],
)
def test_wrong_lines_are_reported_by_number(folder, content, message):
    with pytest.raises(ValueError, match=f'{folder}/list.txt') as error:
        check(folder, content)
    for part in message.format(folder=folder).split(' .* '):
        assert part in str(error.value)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('line', 'hint'),
    [
        ('cat/1.jpg  0', 'white space, quotes'),
        ('"cat/1.jpg" 0', 'white space, quotes'),
        ('cat/1.jpg; 0', 'white space, quotes or commas'),
        ('cat/1.jpg, 0', 'white space, quotes or commas'),
        ('cat\\1.jpg 0', 'must be separated by /'),
        ('# cat/1.jpg 0', ''),
    ],
)
def test_one_path_with_unusual_characters_is_reported(folder, line, hint):
    """One missing file with an ordinary path is tolerated."""
    with pytest.raises(FileNotFoundError, match=f'1 of the 1 files .* of line 5.*{hint}'):
        check(folder, with_line(5, line))
    check(folder, with_line(5, 'cat/gone.jpg 0'))


@pytest.mark.parametrize('name', ["it's.jpg", ' b.jpg', 'c\\d.jpg', 'e\tf.jpg', '#1.jpg', 'g.jpg '])
def test_existing_files_with_unusual_names_pass(folder, name):
    (folder / name).touch()
    labeled = name != ' b.jpg'  # a list with labels cannot hold this name
    dataset = check(folder, f'{name} 0\n' if labeled else f'{name}\n', labeled)
    assert dataset.get_data_info(0)['img_path'] == f'{folder}/{name}'


@pytest.mark.parametrize(
    ('lines', 'labeled', 'message'),
    [
        ([f'x/{line}' for line in LINES], True, '6 of the 6 files .*/x/cat/0.jpg of line 1'),
        ([f'images/{line}' for line in LINES], True, 'the paths may begin with a part of'),
        (LINES, False, "'0' may be a label, which with_label=False does not take off"),
        ([*LINES[:4], 'cat/8.jpg 0', 'cat/9.jpg 0'], True, '2 of the 6 .*/cat/8.jpg of line 5'),
    ],
)
def test_missing_files_are_counted_and_the_first_is_named(folder, lines, labeled, message):
    with pytest.raises(FileNotFoundError, match=f'{folder}/list.txt: .*{message}'):
        check(folder, '\n'.join(lines), labeled)


def test_of_a_long_list_a_sample_of_files_is_looked_for(folder, monkeypatch):
    """From the first line to the last: network disks are slow."""
    asked = []
    monkeypatch.setattr('os.path.isfile', lambda path: not asked.append(path))
    path = folder / 'list.txt'
    path.write_text(''.join(f'{number}.jpg 0\n' for number in range(10 * SAMPLE)))
    check_list(str(path), '', True)
    assert len(asked) == SAMPLE
    assert (asked[0], asked[-1]) == ('0.jpg', f'{10 * SAMPLE - 1}.jpg')
