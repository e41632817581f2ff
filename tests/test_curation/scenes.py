"""Small pictures, copies of them, and rows that resemble those of a network."""

import numpy as np
import torch
from PIL import Image

from npid_mm.curation import ImageSet
from tests.toy import unit_rows

COUNT = 12  # pictures; 0 has two copies, 1 has one, and 2 and 3 have the same row


def scene(seed, height=96, width=128):
    """A smooth random picture."""
    values = np.random.default_rng(seed).uniform(0, 255, (6, 8, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC))


def write_scenes(folder):
    """Write pictures and copies as PNG files, and return their image set."""
    pictures = [scene(seed) for seed in range(COUNT)]
    pictures += [pictures[0][5:90, 5:120], pictures[0][:, ::-1], pictures[1][::2, ::2]]
    rows = unit_rows(COUNT, 16)
    rows = torch.cat([rows, rows[[0, 0, 1]]]) + 0.01 * unit_rows(len(pictures), 16, seed=1)
    rows[3] = rows[2]
    rows = torch.nn.functional.normalize(rows)
    sets = ['train'] * COUNT + ['val', 'train', 'train']
    paths = []
    for number, (picture, part) in enumerate(zip(pictures, sets, strict=True)):
        paths.append(folder / part / f'{number}.png')
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(paths[-1])
    labels = ['cat'] * 6 + ['dog'] * 6 + ['cat', 'dog', 'cat']
    return ImageSet(rows, list(map(str, paths)), labels, sets)
