from .cifar10 import check_cifar10
from .cityscapes import check_cityscapes
from .coco import check_coco
from .image_lists import IMAGENET, LABELED_LISTS, PLACES205, ListLayout, check_image_lists
from .inaturalist2018 import check_inaturalist2018
from .report import LayoutReport
from .voc0712 import check_voc0712
from .voc2007 import check_voc2007
from .voc2012aug import check_voc2012aug

__all__ = [
    'IMAGENET',
    'LABELED_LISTS',
    'PLACES205',
    'LayoutReport',
    'ListLayout',
    'check_cifar10',
    'check_cityscapes',
    'check_coco',
    'check_image_lists',
    'check_inaturalist2018',
    'check_voc0712',
    'check_voc2007',
    'check_voc2012aug',
]
