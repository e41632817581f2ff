"""Data sets for training and evaluation, their samplers and transforms."""

from .digits import write_digits, write_scattered_digits
from .evaluation_dataset import EvaluationDataset, Selection
from .image_folders.folder_split import split_folder
from .image_names import check_repeats, image_names
from .inaturalist2018 import INaturalist2018
from .instance_checks import check_instances
from .instance_dataset import InstanceDataset
from .label_checks import accept_numpy_labels, check_same_classes, dataset_labels
from .samplers import ResumableSampler
from .transforms import LoadImage, LoadProposalFile, LoadRandomResizedCrop, ResizeChannels
from .voc2007 import VOC2007Classification

__all__ = [
    'EvaluationDataset',
    'INaturalist2018',
    'InstanceDataset',
    'LoadImage',
    'LoadProposalFile',
    'LoadRandomResizedCrop',
    'ResizeChannels',
    'ResumableSampler',
    'Selection',
    'VOC2007Classification',
    'check_instances',
    'check_repeats',
    'check_same_classes',
    'dataset_labels',
    'image_names',
    'split_folder',
    'write_digits',
    'write_scattered_digits',
]

accept_numpy_labels()
