"""Augmentation of batches against torchvision's transforms of single images."""

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

MEAN, STD = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
NPID = [
    dict(type='RandomGrayscale', p=0.2),
    dict(type='ColorJitter', brightness=0.4, contrast=0.4, saturation=0.4, hue=0.4, p=1.0),
    dict(type='RandomHorizontalFlip', p=0.5),
]


def build(augments, **arguments):
    arguments = dict(mean=[0.0] * 3, std=[255.0] * 3) | arguments
    return MODELS.build(dict(type='AugmentingDataPreprocessor', augments=augments, **arguments))


def photographs(count: int, size: int = 24) -> torch.Tensor:
    """Smooth images (count, 3, size, size) uint8 of different colors."""
    coarse = torch.rand(count, 3, 4, 4) * torch.rand(count, 3, 1, 1)
    images = torch.nn.functional.interpolate(coarse, size=size, mode='bilinear')
    return (images * 255).byte()


def augment(preprocessor, images, training=True):
    batch = dict(inputs=images, data_samples=[DataSample() for _ in images])
    return preprocessor(batch, training)['inputs']


def test_evaluation_only_normalizes():
    images = photographs(4)
    out = augment(build(NPID, mean=MEAN, std=STD, bgr_to_rgb=True), images, training=False)
    rgb = images.flip(1).float()
    expected = F.normalize(rgb, MEAN, STD)
    torch.testing.assert_close(out, expected)


def test_training_without_augments_equals_evaluation():
    images = photographs(4)
    preprocessor = build([], mean=MEAN, std=STD, bgr_to_rgb=True)
    torch.testing.assert_close(
        augment(preprocessor, images), augment(preprocessor, images, training=False)
    )


@pytest.mark.parametrize(
    'name, values',
    [
        ('brightness', (1.3, 0.6)),
        ('contrast', (1.4, 0.6)),
        ('saturation', (1.4, 0.6)),
        ('hue', (0.25, -0.4)),
    ],
)
def test_each_operator_equals_torchvision(name, values):
    images = photographs(8)
    for value in values:
        preprocessor = build([dict(type='ColorJitter', p=1.0, **{name: (value, value)})])
        expected = getattr(F, f'adjust_{name}')(images.float() / 255, value)
        torch.testing.assert_close(augment(preprocessor, images), expected, atol=2e-3, rtol=0)


def test_grayscale_equals_torchvision():
    images = photographs(8)
    out = augment(build([dict(type='RandomGrayscale', p=1.0)]), images)
    torch.testing.assert_close(out, F.rgb_to_grayscale(images.float() / 255, 3), atol=2e-3, rtol=0)


def test_parameters_differ_between_images():
    """One draw for the whole batch would give all images of a step the same colors."""
    image = photographs(1)
    out = augment(build(NPID), image.expand(32, -1, -1, -1))
    assert len({tuple(each.mean((1, 2)).tolist()) for each in out}) > 20


@pytest.mark.slow
def test_the_distribution_is_that_of_torchvision():
    """2,048 images: mean and deviation of each channel within 0.01, share of gray within 0.03."""
    images = photographs(2048)
    ours = augment(build(NPID), images)
    reference = v2.Compose(
        [
            v2.RandomGrayscale(p=0.2),
            v2.ColorJitter(0.4, 0.4, 0.4, 0.4),
            v2.RandomHorizontalFlip(),
        ]
    )
    theirs = torch.stack([reference(image) for image in images.float() / 255])
    for moment in (torch.mean, torch.std):
        torch.testing.assert_close(
            moment(ours, (0, 2, 3)), moment(theirs, (0, 2, 3)), atol=0.01, rtol=0
        )
    # and the deviation of the augmented images
    torch.testing.assert_close(
        ours.mean((2, 3)).std(0), theirs.mean((2, 3)).std(0), atol=0.015, rtol=0
    )
    gray = [(x.max(1)[0] - x.min(1)[0]).amax((1, 2)) < 1e-3 for x in (ours, theirs)]
    assert abs(gray[0].float().mean() - 0.2) < 0.03
    assert abs(gray[1].float().mean() - 0.2) < 0.03


def test_a_seed_repeats_the_augmentation():
    images, preprocessor = photographs(8), build(NPID)
    first, second, other = (
        (torch.manual_seed(seed), augment(preprocessor, images))[1] for seed in (1, 1, 2)
    )
    assert torch.equal(first, second) and not torch.equal(first, other)


def test_images_stay_float32_under_autocast():
    with torch.autocast('cpu', torch.bfloat16):
        assert augment(build(NPID), photographs(4)).dtype == torch.float32


def test_checkpoints_have_no_keys_of_the_preprocessor():
    assert not build(NPID).state_dict()


def test_values_of_any_channels_keep_their_resolution():
    """Also through augmentations, which see 0 and 1 at the limits of the range."""
    images = torch.rand(2, 13, 4, 4) * 60000
    mean, std = [1000.0 * (1 + c) for c in range(13)], [10.0 + c for c in range(13)]
    wanted = F.normalize(images.double(), mean, std)
    settings = dict(mean=mean, std=std, value_range=(0, 60000))
    jitter = dict(type='IntensityJitter', brightness=0, contrast=0)
    for preprocessor, training in (
        (build([], **settings), False),
        (build([jitter], **settings), True),
    ):
        out = augment(preprocessor, images, training).double()
        steps = (out - wanted).abs() * torch.tensor(std).view(-1, 1, 1)
        assert steps.max() < 0.02
    with pytest.raises(ValueError, match='mean and std must have one value per channel, got 2 and'):
        build([], mean=[0, 0], std=[1])


def test_an_unknown_augmentation_is_refused():
    with pytest.raises(ValueError, match="kornia.augmentation has no augmentation called 'Jiggle'"):
        build([dict(type='Jiggle')])
