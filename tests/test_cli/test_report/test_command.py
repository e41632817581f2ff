"""npid report on digits, and the folders that it takes."""

import shutil

import pytest
import torch
from PIL import Image

from npid_mm.cli.report.command import main
from npid_mm.cli.report.probe import pixel_rows, read_probe


def write_images(folder, classes, count=6):
    """Write images of one gray value each."""
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for each in range(count):
            Image.new('RGB', (20, 30), (40 * number, each, 9)).save(folder / name / f'{each}.png')
    return folder


def test_images_are_held_out_unless_the_folders_are_a_split(tmp_path):
    probe = read_probe('all', write_images(tmp_path / 'all', 'ab'))
    assert [path.rsplit('/', 2)[1:] for path in probe.images.paths[-2:]] == [
        ['a', '4.png'],
        ['b', '4.png'],
    ]
    assert probe.images.held_out == [False] * 10 + [True] * 2
    assert probe.images.labels == ['a'] * 5 + ['b'] * 5 + ['a', 'b']
    for part, count in (('train', 3), ('val', 2)):
        write_images(tmp_path / 'split' / part, 'ab', count)
    shutil.move(tmp_path / 'split/val/a/0.png', tmp_path / 'split/val/a/7.png')
    images = read_probe('split', tmp_path / 'split').images
    assert images.held_out == [False] * 6 + [True] * 4
    with pytest.raises(ValueError, match='--probe one must have a subfolder .* at least two'):
        read_probe('one', write_images(tmp_path / 'one', 'a'))


def test_pixel_rows_are_reduced_images(tmp_path):
    paths = read_probe('all', write_images(tmp_path / 'all', 'abc')).images.paths
    rows = pixel_rows(paths)
    assert rows.shape == (len(paths), 16 * 16 * 3)
    value = torch.tensor([80.0, 3.0, 9.0])
    row = rows[[path.endswith('c/3.png') for path in paths].index(True)]
    torch.testing.assert_close(row, (value / (value.norm() * 16)).repeat(16 * 16))


@pytest.mark.slow
def test_a_run_is_compared(digits, digits_run, other_run, tmp_path, capsys):
    cfg, checkpoint = digits_run
    cfg.dump(tmp_path / 'config.py')
    for name in '0123':
        for number, path in enumerate(sorted((digits / 'train' / name).iterdir())[:20]):
            to = tmp_path / 'probe' / name / f'{number}.png'
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, to)
    (tmp_path / 'probe/0/0.png').write_bytes(b'nothing')
    out = tmp_path / 'page.html'
    words = [checkpoint, '--config', tmp_path / 'config.py', '--probe', f'four={tmp_path}/probe']
    main([*map(str, words), '--workers', '0', '--out', str(out)])
    text, page = capsys.readouterr().out, out.read_text()
    assert f'Look at {out}' in text and 'this run' in text
    about = '63 images to fit on, 16 held out, 4 classes; held out: one image in 5 of each class'
    assert f'<p>{about}; unreadable images left out: 1</p>' in page
    for name in ('raw pixels, 16 x 16', 'untrained network', 'this run minus the best other'):
        assert f'<tr><th>{name}</th><td>' in page
    assert page.count('<td>') == 4 * 3
