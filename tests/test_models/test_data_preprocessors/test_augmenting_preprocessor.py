"""Batch augmentation, against torchvision's transforms image by image."""

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
    normalise = dict(mean=[0.0] * 3, std=[255.0] * 3) | arguments
    return MODELS.build(dict(type='AugmentingDataPreprocessor', augments=augments, **normalise))


def photographs(count: int, size: int = 24) -> torch.Tensor:
    """Images (count, 3, size, size) uint8 that are smooth, and coloured differently."""
    coarse = torch.rand(count, 3, 4, 4) * torch.rand(count, 3, 1, 1)
    images = torch.nn.functional.interpolate(coarse, size=size, mode='bilinear')
    return (images * 255).byte()


def augment(preprocessor, images, training=True):
    batch = dict(inputs=images, data_samples=[DataSample() for _ in images])
    return preprocessor(batch, training)['inputs']


def test_evaluation_only_normalises():
    images = photographs(4)
    out = augment(build(NPID, mean=MEAN, std=STD, bgr_to_rgb=True), images, training=False)
    rgb = images.flip(1).float()
    expected = F.normalize(rgb, MEAN, STD)
    torch.testing.assert_close(out, expected)


def test_training_without_augments_normalises_alike():
    """Training and evaluation must not see different scales or channel orders."""
    images = photographs(4)
    preprocessor = build([], mean=MEAN, std=STD, bgr_to_rgb=True)
    torch.testing.assert_close(
        augment(preprocessor, images), augment(preprocessor, images, training=False)
    )


@pytest.mark.parametrize(
    'name, value, reference',
    [
        ('brightness', 1.3, F.adjust_brightness),
        ('brightness', 0.6, F.adjust_brightness),
        ('contrast', 1.4, F.adjust_contrast),
        ('contrast', 0.6, F.adjust_contrast),
        ('saturation', 1.4, F.adjust_saturation),
        ('saturation', 0.6, F.adjust_saturation),
        ('hue', 0.25, F.adjust_hue),
        ('hue', -0.4, F.adjust_hue),
    ],
)
def test_each_operator_is_torchvisions(name, value, reference):
    images = photographs(8)
    preprocessor = build([dict(type='ColorJitter', p=1.0, **{name: (value, value)})])
    torch.testing.assert_close(
        augment(preprocessor, images), reference(images.float() / 255, value), atol=2e-3, rtol=0
    )


def test_grayscale_is_torchvisions():
    images = photographs(8)
    out = augment(build([dict(type='RandomGrayscale', p=1.0)]), images)
    torch.testing.assert_close(out, F.rgb_to_grayscale(images.float() / 255, 3), atol=2e-3, rtol=0)


def test_parameters_differ_between_images():
    """One draw for the whole batch would make colour a property of the step."""
    image = photographs(1)
    out = augment(build(NPID), image.expand(32, -1, -1, -1))
    assert len({tuple(each.mean((1, 2)).tolist()) for each in out}) > 20


def test_distribution_is_torchvisions():
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
    # the spread of what one image becomes, too
    torch.testing.assert_close(
        ours.mean((2, 3)).std(0), theirs.mean((2, 3)).std(0), atol=0.015, rtol=0
    )
    gray = [(x.max(1)[0] - x.min(1)[0]).amax((1, 2)) < 1e-3 for x in (ours, theirs)]
    assert abs(gray[0].float().mean() - 0.2) < 0.03
    assert abs(gray[1].float().mean() - 0.2) < 0.03


def test_seed_repeats_the_augmentation():
    """A resumed run draws what the uninterrupted one drew."""
    images, preprocessor = photographs(8), build(NPID)
    first, second, other = (
        (torch.manual_seed(seed), augment(preprocessor, images))[1] for seed in (1, 1, 2)
    )
    assert torch.equal(first, second) and not torch.equal(first, other)


def test_stays_float32_under_autocast():
    with torch.autocast('cpu', torch.bfloat16):
        assert augment(build(NPID), photographs(4)).dtype == torch.float32


def test_checkpoints_do_not_change():
    """A checkpoint of a run with the other preprocessor loads without missing keys."""
    assert not build(NPID).state_dict()


def test_unknown_augmentation():
    with pytest.raises(ValueError, match="kornia.augmentation has no augmentation called 'Jiggle'"):
        build([dict(type='Jiggle')])
