"""Embed augmented views of training images during a training."""

import torch
from mmengine.runner import Runner
from mmpretrain.utils import get_ori_model
from torch import Tensor

from npid_mm.datasets import InstanceDataset
from npid_mm.engine.features import unit_features
from npid_mm.models.npid import instance_index
from npid_mm.utils.seeding import kept_generators, mixed_seed, seed_generators


@torch.no_grad()
def embed_view(runner: Runner, index: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """Embed one view of some training images, as the training pipeline makes it.

    The generators of the training and the statistics of the network stay as they are.

    Args:
        runner (Runner): A running training.
        index (Tensor): (V,), instances of the training set.
        number (int): Equal numbers give equal views.

    Returns:
        tuple[Tensor, Tensor]: Unit rows (V, D), and their instances (V,), on the CPU. An instance
        differs from ``index`` if its image is unreadable.
    """
    network, loader = get_ori_model(runner.model), runner.train_dataloader
    dataset, training = loader.dataset, network.training
    features, instances = [], []
    with kept_generators():
        if isinstance(dataset, InstanceDataset):
            dataset.seed_samples(0, number)
        seed_generators(mixed_seed(number))
        network.eval()
        try:
            for part in index.split(loader.batch_size or len(index)):
                batch = loader.collate_fn([dataset[each] for each in part.tolist()])
                # the augmentations of the device belong to the view
                data = network.data_preprocessor(batch, True)
                features.append(unit_features(network, data['inputs'], 'embedding').cpu())
                instances.append(instance_index(data['data_samples']))
        finally:
            network.train(training)
            if isinstance(dataset, InstanceDataset):
                dataset.seed_samples(-1, -1)  # StepSeedHook seeds each epoch
    return torch.cat(features), torch.cat(instances)
