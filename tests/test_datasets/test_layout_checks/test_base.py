"""Registry and arguments of the checks of data sets."""

import pytest

from npid_mm.datasets.layout_checks import LAYOUT_CHECKS


def test_every_module_is_registered():
    assert set(LAYOUT_CHECKS) >= {
        'cifar10', 'cityscapes', 'coco', 'imagenet', 'inaturalist2018', 'places205', 'voc0712',
        'voc2007', 'voc2012aug',
    }  # fmt: skip


@pytest.mark.parametrize('name', LAYOUT_CHECKS)
def test_wrong_sample_is_refused(name):
    with pytest.raises(ValueError, match='sample must be at least 1, got 0'):
        LAYOUT_CHECKS[name](sample=0)
