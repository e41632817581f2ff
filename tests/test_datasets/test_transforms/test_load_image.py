"""Loading an image file, compared with MMPretrain's transform, and the reader of a data set."""

import numpy as np
from mmengine.dataset import ConcatDataset
from mmpretrain.datasets import CustomDataset, LoadImageFromFile

from npid_mm.datasets import InstanceDataset, LoadImage
from npid_mm.datasets.transforms.pipeline_reader import dataset_reader


def test_an_ordinary_image_has_the_pixels_of_mmpretrain(digits):
    path = str(next((digits / 'val').rglob('*.png')))
    ours, theirs = (
        each.transform(dict(img_path=path)) for each in (LoadImage(), LoadImageFromFile())
    )
    np.testing.assert_array_equal(ours['img'], theirs['img'])
    assert ours['img_shape'] == ours['ori_shape'] == theirs['img_shape']


def test_an_image_in_memory_is_kept():
    image = np.zeros((4, 6, 3), np.uint8)
    assert LoadImage().transform(dict(img=image))['img'] is image


def test_the_reader_of_a_data_set_is_found_below_its_wrappers(digits):
    pipelines = [dict(type='LoadImage', max_pixels=5000)], [dict(type='LoadImageFromFile')]
    ours, theirs = (
        CustomDataset(data_root=str(digits / 'val'), pipeline=pipeline) for pipeline in pipelines
    )
    reader = dataset_reader(InstanceDataset(ConcatDataset([ours, theirs])))
    assert reader is ours.pipeline.transforms[0].reader and reader.max_pixels == 5000
    assert dataset_reader(theirs) is None
