from .cifar10 import check_cifar10
from .image_lists import IMAGENET, LABELED_LISTS, PLACES205, ListLayout, check_image_lists
from .inaturalist2018 import check_inaturalist2018
from .report import LayoutReport
from .voc2007 import check_voc2007

__all__ = [
    'IMAGENET',
    'LABELED_LISTS',
    'PLACES205',
    'LayoutReport',
    'ListLayout',
    'check_cifar10',
    'check_image_lists',
    'check_inaturalist2018',
    'check_voc2007',
]
