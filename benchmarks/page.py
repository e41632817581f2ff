"""Open the page of npid curate with 20,000 images in headless Chromium, and search it.

    python benchmarks/page.py [--images 20000] [--work-dir work_dirs/page]

The pictures are random, of about the bytes of a photograph's thumbnail. The rows have 128
dimensions. All times are those that the page measures; a search includes the layout of its results.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from digits import print_table
from PIL import Image

from npid_mm.visualization.pages.curation_page import Card, Tab, curation_page

sys.path.append(str(Path(__file__).resolve().parents[1]))
from tests.chromium import browse  # noqa: E402

DIM = 128
CLASSES = 50
PICTURES = 100  # each is repeated
TIMED = """(() => {{ const start = performance.now(); {};
    document.body.offsetHeight; return performance.now() - start; }})()"""
PAINT = 'performance.getEntriesByType("paint")[0].startTime'
TYPE = """const input = document.querySelector('input'); input.value = '7';
    input.dispatchEvent(new Event('input'))"""
LASSO = """const canvas = document.querySelector('canvas'), box = canvas.getBoundingClientRect();
    const at = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, {
        clientX: box.x + x * box.width, clientY: box.y + y * box.height, bubbles: true }));
    at('pointerdown', 0.5, 0);
    for (const [x, y] of [[1, 0], [1, 1], [0.5, 1]]) at('pointermove', x, y);
    at('pointerup', 0.5, 1)"""


def picture(seed: int) -> np.ndarray:
    """Return a picture (96, 128, 3) with coarse and fine structure."""
    generator = np.random.default_rng(seed)
    layers = []
    for height, width, part in ((6, 8, 0.7), (24, 32, 0.3)):
        values = generator.uniform(0, 255 * part, (height, width, 3)).astype(np.uint8)
        layers.append(Image.fromarray(values).resize((128, 96), Image.Resampling.BICUBIC))
    return sum(np.asarray(layer, dtype=np.uint16) for layer in layers).clip(0, 255).astype(np.uint8)


def write(count: int, out: Path) -> None:
    """Write the page."""
    generator = np.random.default_rng(0)
    pictures = [picture(seed) for seed in range(PICTURES)]
    classes = np.arange(count) % CLASSES
    rows = generator.standard_normal((CLASSES, DIM))[classes]
    rows += 0.5 * generator.standard_normal((count, DIM))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    places = np.stack([classes % 8, classes // 8], axis=1)
    groups = [Card('2 images', [(2 * i, ''), (2 * i + 1, '')]) for i in range(300)]
    curation_page(
        [pictures[i % PICTURES] for i in range(count)],
        [f'/photographs/{i % CLASSES}/{i:06}.jpg' for i in range(count)],
        [Tab('Duplicates', 'Groups of copies.', groups)],
        labels=[f'class {each}' for each in classes],
        rows=rows,
        points=places + 0.1 * generator.standard_normal((count, 2)),
        out=out,
    )


def main() -> None:
    """Write the page, browse it and print the times."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=int, default=20_000)
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/page'))
    args = parser.parse_args()
    args.work_dir.mkdir(parents=True, exist_ok=True)
    out = args.work_dir / 'page.html'
    write(args.images, out)
    paint, read, similar, text, lasso, selected, marked = browse(
        out,
        1400,
        ('read', PAINT),
        ('read', 'performance.getEntriesByType("navigation")[0].loadEventEnd'),
        ('read', TIMED.format('showSimilar(5)')),
        ('click', 'nav a[href="#search"]'),
        ('until', 'document.querySelector("input") !== null'),
        ('read', TIMED.format(TYPE)),
        ('click', 'nav a[href="#map"]'),
        ('until', 'document.querySelector("canvas") !== null'),
        ('read', TIMED.format(LASSO)),
        ('read', 'parseInt(document.querySelector("h2").innerText)'),
        ('click', 'main .more'),
        ('until', 'marked.size > 0'),
        ('read', 'marked.size'),
    )
    assert selected == marked > 0
    print(f'{args.images:,} images, {out.stat().st_size / 1e6:.0f} MB, {selected:,} in the lasso\n')
    times = {
        'first tab is shown': paint,
        'all images are read': read,
        'search of similar images': similar,
        'search of a path or class': text,
        'lasso': lasso,
    }
    print_table(['step', 'ms'], [[name, f'{value:.0f}'] for name, value in times.items()])


if __name__ == '__main__':
    main()
