"""Settings of the test pipelines of the configs, and refused transforms."""

import numpy as np
import pytest
from mmengine.config import Config

from npid_mm.datasets.transforms.image_pipeline import ImagePipeline
from npid_mm.export.pipeline_settings import PipelineError, pipeline_settings
from npid_mm.images.preprocessing import Preprocessing

PACK = dict(type='PackInputs')
LOAD = dict(type='LoadImage', background=(9, 8, 7))
PIPELINES = {
    'imagenet': [
        dict(type='ResizeEdge', scale=40, edge='short', backend='pillow'),
        dict(type='CenterCrop', crop_size=33),
    ],
    'long edge': [
        dict(type='ResizeEdge', scale=50, edge='long', backend='pillow', interpolation='bicubic'),
        dict(type='CenterCrop', crop_size=(20, 30)),
    ],
    'opencv': [dict(type='Resize', scale=(31, 17))],
    'half': [dict(type='Resize', scale=(40, 30))],
    'in RGB': [dict(type='NumpyToPIL', to_rgb=True), dict(type='PILToNumpy')],
}


def config(*steps):
    return Config(dict(test_dataloader=dict(dataset=dict(pipeline=list(steps)))))


@pytest.mark.parametrize('name', PIPELINES)
@pytest.mark.parametrize('shape', [(60, 80, 3), (71, 50, 3)])
def test_the_pixels_are_those_of_the_pipeline(name, shape):
    cfg = config(LOAD, *PIPELINES[name], PACK)
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    settings, bgr = pipeline_settings(cfg, (32, 32))
    assert settings['read']['background'] == [9, 8, 7] and bgr == (name != 'in RGB')
    theirs = ImagePipeline(cfg)(image)['inputs'].permute(1, 2, 0).numpy()
    ours = Preprocessing(settings)(image)
    np.testing.assert_array_equal(ours, theirs[..., ::-1] if bgr else theirs)


def test_a_pipeline_without_a_loader_is_rgb():
    settings, bgr = pipeline_settings(config(PACK), (32, 32))
    assert settings['steps'] == [] and settings['size'] == [32, 32] and not bgr


def test_the_size_comes_from_the_pipeline():
    assert pipeline_settings(config(LOAD, *PIPELINES['opencv'], PACK))[0]['size'] == [17, 31]
    with pytest.raises(PipelineError, match='does not resize, so the size'):
        pipeline_settings(config(LOAD, PACK))


@pytest.mark.parametrize(
    'step',
    [
        dict(type='Resize', scale=16, keep_ratio=True),
        dict(type='Resize', scale_factor=0.5),
        dict(type='CenterCrop', crop_size=16, auto_pad=True),
        dict(type='RandomFlip', prob=0.5),
    ],
)
def test_other_transforms_are_refused(step):
    with pytest.raises(PipelineError, match=f'has .*{step["type"]}.* which cannot be exported'):
        pipeline_settings(config(LOAD, step, PACK), (16, 16))


def test_other_loaders_are_refused():
    with pytest.raises(PipelineError, match='must load images with LoadImage, .* got LoadImageFr'):
        pipeline_settings(config(dict(type='LoadImageFromFile'), PACK), (16, 16))
