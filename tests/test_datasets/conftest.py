"""Small data sets: one without pixels, and one with unreadable images."""

import pytest
from mmpretrain.datasets import CustomDataset

CLASSES = ('n02', 'n01', 'n10')  # sorted: n01, n02, n10


@pytest.fixture
def tiny(tmp_path):
    """ImageNet's layout: three classes, 4 training and 2 validation images each, correct lists."""
    (tmp_path / 'meta').mkdir()
    for split, count in (('train', 4), ('val', 2)):
        lines = []
        for label, wnid in enumerate(sorted(CLASSES)):
            (tmp_path / split / wnid).mkdir(parents=True)
            for number in range(count):
                name = f'{wnid}/{wnid}_{number}.JPEG'
                (tmp_path / split / name).touch()
                lines.append(f'{name} {label}')
        (tmp_path / 'meta' / f'{split}.txt').write_text('\n'.join(lines) + '\n')
    return tmp_path


@pytest.fixture
def broken(digits, tmp_path):
    """Twenty images, of which numbers 3 and 11 are unreadable."""
    paths = sorted((digits / 'train').rglob('*.png'))[:20]
    for number, path in enumerate(paths):
        content = b'no image' if number in (3, 11) else path.read_bytes()
        (tmp_path / f'{number:02d}.png').write_bytes(content)
    pipeline = [dict(type='LoadImage'), dict(type='PackInputs')]
    return CustomDataset(data_root=str(tmp_path), pipeline=pipeline, with_label=False)
