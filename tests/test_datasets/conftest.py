"""A data set without pixels, for what only looks at names."""

import pytest

CLASSES = ('n02', 'n01', 'n10')  # sorted: n01, n02, n10


@pytest.fixture
def tiny(tmp_path):
    """ImageNet's layout: three classes, 4 training and 2 validation images each, right lists."""
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
