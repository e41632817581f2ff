"""Augmented views of a config's training images, pixel by pixel."""

import numpy as np
import pytest
from mmengine.config import Config
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS
from PIL import Image

from npid_mm.analysis.augmented_views import augmented_views
from npid_mm.images import UnreadableImageError
from tests.shipped import shipped_config
from tests.toy import DIGITS_CONFIG, on_small_data

pytestmark = pytest.mark.slow

PLAIN = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
NORMALIZED = dict(
    type='SelfSupDataPreprocessor', mean=[120, 110, 100], std=[60, 50, 40], bgr_to_rgb=True
)


@pytest.fixture
def config(digits, tmp_path):
    return on_small_data(shipped_config(DIGITS_CONFIG), {'CustomDataset': digits}, tmp_path)


def noise(count=4):
    """Images of colored noise."""
    return np.random.default_rng(0).integers(0, 256, (count, 12, 20, 3), dtype=np.uint8)


@pytest.fixture
def photos(tmp_path):
    """A config of four colored PNGs, without augmentation."""
    for number, pixels in enumerate(noise()):
        Image.fromarray(pixels).save(tmp_path / f'{number}.png')
    (tmp_path / 'list.txt').write_text(''.join(f'{number}.png 0\n' for number in range(4)))
    dataset = dict(
        type='CustomDataset', data_root=str(tmp_path), ann_file='list.txt', pipeline=PLAIN
    )
    loader = dict(
        batch_size=2,
        num_workers=2,
        collate_fn=dict(type='default_collate'),
        sampler=dict(type='DefaultSampler', shuffle=True),
        dataset=dataset,
    )
    return Config(dict(train_dataloader=loader, model=dict(data_preprocessor=NORMALIZED)))


def test_views_differ_and_equal_seeds_give_equal_views(config):
    originals, views = augmented_views(config, images=3, views=4, seed=5)
    assert [image.shape for image in originals] == [(32, 32, 3)] * 3
    assert np.shape(views) == (3, 4, 16, 16, 3)
    flat = [view.tobytes() for row in views for view in row]
    assert len(set(flat)) == 12
    again = augmented_views(config, images=3, views=4, seed=5)[1]
    assert np.array_equal(views, again)
    other = augmented_views(config, images=3, views=4, seed=6)[1]
    assert not set(flat) & {view.tobytes() for row in other for view in row}


def test_images_are_evenly_spaced_in_the_data_set(config, digits):
    """64 images, 4 of them: positions 0, 16, 32 and 48 of the list."""
    lines = (digits / 'train.txt').read_text().splitlines()[:64:16]
    originals, _ = augmented_views(config, images=4, views=1)
    for original, line in zip(originals, lines, strict=True):
        stored = np.asarray(Image.open(digits / line.split()[0]))
        assert np.array_equal(original, np.stack([stored] * 3, -1))


def test_without_augmentation_a_view_is_the_stored_image(photos):
    """Normalization and the order of channels are undone exactly."""
    originals, views = augmented_views(photos, images=4, views=2)
    for stored, original, row in zip(noise(), originals, views, strict=True):
        assert np.array_equal(original, stored)
        assert all(np.array_equal(view, stored) for view in row)


def test_a_missing_conversion_to_rgb_shows_and_an_intended_bgr_does_not(photos):
    photos.model.data_preprocessor.bgr_to_rgb = False
    assert np.array_equal(augmented_views(photos, 1, 1)[1][0][0], noise()[0, :, :, ::-1])
    dataset = photos.train_dataloader.dataset
    flip = dict(type='NumpyToPIL', to_rgb=True), dict(type='PILToNumpy')  # RGB from here on
    dataset.pipeline = [PLAIN[0], *flip, PLAIN[1]]
    photos.model.data_preprocessor.rgb_to_bgr = True
    assert np.array_equal(augmented_views(photos, 1, 1)[1][0][0], noise()[0])


def test_preprocessor_augments_and_may_stand_at_the_top_level(photos):
    """The preprocessor is in training mode: here it flips the batch."""
    photos.model = dict()
    photos.data_preprocessor = {
        **NORMALIZED,
        'type': 'AugmentingDataPreprocessor',
        'augments': [dict(type='RandomHorizontalFlip', p=1.0)],
    }
    assert np.array_equal(augmented_views(photos, 4, 1)[1], noise()[:, None, :, ::-1])


def test_the_seed_reaches_the_preprocessor(photos):
    photos.model.data_preprocessor = {
        **NORMALIZED,
        'type': 'AugmentingDataPreprocessor',
        'augments': [dict(type='ColorJitter', brightness=0.5, p=1.0)],
    }
    views = [augmented_views(photos, 4, 2, seed)[1] for seed in (1, 1, 2)]
    assert np.array_equal(views[0], views[1]) and not np.array_equal(views[0], views[2])


def test_several_views_per_sample_fill_the_row(photos):
    """A sample has two views, the second one flipped; three views take two samples."""
    flip = dict(type='RandomFlip', prob=1.0)
    photos.train_dataloader.dataset.pipeline = [
        PLAIN[0],
        dict(type='MultiView', num_views=[1, 1], transforms=[[], [flip]]),
        PLAIN[1],
    ]
    (row,) = augmented_views(photos, 1, 3)[1]
    stored = noise()[0]
    assert np.array_equal(row, [stored, stored[:, ::-1], stored])


@DATASETS.register_module()
class GrayInMemory(BaseDataset):
    """Two gray images without a file."""

    def load_data_list(self):
        return [dict(img=np.full((8, 8), 7 + number, dtype=np.uint8)) for number in range(2)]


def test_images_in_memory_are_their_own_originals(photos):
    photos.train_dataloader.dataset = dict(
        type='GrayInMemory', ann_file='', pipeline=[dict(type='PackInputs')]
    )
    photos.model.data_preprocessor = dict(type='SelfSupDataPreprocessor', mean=[9.0], std=[2.0])
    originals, views = augmented_views(photos, 2, 1)
    for number in range(2):
        assert (originals[number] == 7 + number).all() and originals[number].shape == (8, 8, 3)
        assert np.array_equal(originals[number], views[number][0])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (dict(images=0), 'images must be at least 1, got 0'),
        (dict(views=0), 'views must be at least 1, got 0'),
        (dict(seed=-1), 'seed must be at least 0, got -1'),
        (dict(images=5), 'images must be at most the 4 of the training set, got 5'),
    ],
)
def test_numbers_out_of_range_are_named(photos, arguments, message):
    with pytest.raises(ValueError, match=message):
        augmented_views(photos, **arguments)


def test_missing_and_unreadable_data_is_named(photos, tmp_path):
    (tmp_path / '2.png').write_bytes(b'no image')
    with pytest.raises(UnreadableImageError, match=r'cannot read .*2\.png: .* not an image'):
        augmented_views(photos, 4, 1)
    photos.train_dataloader.dataset.ann_file = 'nowhere.txt'
    with pytest.raises(FileNotFoundError, match='cannot load the training set.*nowhere.*data_root'):
        augmented_views(photos, 1, 1)
    photos.train_dataloader = None
    with pytest.raises(ValueError, match='must have a train_dataloader'):
        augmented_views(photos, 1, 1)
