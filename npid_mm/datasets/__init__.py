from .checks import check_instances
from .digits import write_digits
from .evaluation_dataset import EvaluationDataset, Selection
from .folder_split import split_folder
from .image_names import check_repeats, image_names
from .inaturalist import INaturalist2018
from .instance_dataset import InstanceDataset
from .labels import check_same_classes, dataset_labels
from .numpy_labels import accept_numpy_labels
from .resumable_sampler import ResumableSampler
from .seeding import mixed_seed, seed_generators
from .transforms import LoadImage, LoadRandomResizedCrop
from .voc2007 import VOC2007Classification

__all__ = [
    'EvaluationDataset',
    'INaturalist2018',
    'InstanceDataset',
    'LoadImage',
    'LoadRandomResizedCrop',
    'ResumableSampler',
    'Selection',
    'VOC2007Classification',
    'check_instances',
    'check_repeats',
    'check_same_classes',
    'dataset_labels',
    'image_names',
    'mixed_seed',
    'seed_generators',
    'split_folder',
    'write_digits',
]

accept_numpy_labels()
