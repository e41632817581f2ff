"""Images for the comparison: crops of the two photographs in scikit-learn."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from side import BATCH, INSTANCES, STEPS, VIEW
from sklearn.datasets import load_sample_images

EDGE = 192  # pixels, height and width of an instance's image


def write_images(folder: Path, seed: int) -> None:
    """Write ImageNet's layout (train/*.png, meta/train.txt) and the batches of both sides.

    ``batches.pt`` holds STEPS + 1 batches: views (B, 3, VIEW, VIEW) uint8 in BGR, and instance
    indices (B,), without repeats in a batch.
    """
    generator = np.random.default_rng(seed)
    photographs = load_sample_images().images
    images = [_crop(generator, photographs[i % len(photographs)], EDGE) for i in range(INSTANCES)]
    (folder / 'train').mkdir(parents=True)
    for index, image in enumerate(images):
        Image.fromarray(image).save(folder / f'train/{index:03d}.png')
    (folder / 'meta').mkdir()
    lines = [f'{index:03d}.png {index % 2}\n' for index in range(INSTANCES)]
    (folder / 'meta/train.txt').write_text(''.join(lines))

    batches = []
    for _ in range(STEPS + 1):
        index = generator.choice(INSTANCES, BATCH, replace=False)
        views = np.stack([_crop(generator, images[i], VIEW)[..., ::-1] for i in index])
        views = torch.from_numpy(views.transpose(0, 3, 1, 2).copy())
        batches.append(dict(views=views, index=torch.from_numpy(index)))
    torch.save(batches, folder / 'batches.pt')


def _crop(generator: np.random.Generator, image: np.ndarray, edge: int) -> np.ndarray:
    """Crop a random square of an image (H, W, 3)."""
    top, left = (generator.integers(length - edge + 1) for length in image.shape[:2])
    return image[top : top + edge, left : left + edge]
