from .checks import check_instances, dataset_labels
from .digits import write_digits
from .folder_split import split_folder
from .instance_dataset import InstanceDataset
from .resumable_sampler import ResumableSampler
from .seeding import mixed_seed, seed_generators
from .transforms import LoadRandomResizedCrop

__all__ = [
    'InstanceDataset',
    'LoadRandomResizedCrop',
    'ResumableSampler',
    'check_instances',
    'dataset_labels',
    'mixed_seed',
    'seed_generators',
    'split_folder',
    'write_digits',
]
