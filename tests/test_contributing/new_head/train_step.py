"""One training step of a config with a plain bank on rank 0, and with a bank sharded over ranks.

Run as: train_step.py CONFIG RANK WORLD_SIZE MEETING_FILE OUTPUT
"""

import sys

import torch
from mmengine.config import Config
from mmengine.dist import all_reduce, get_dist_info
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from npid_mm.config.checks.class_arguments import check_types

INDEX = [0, 5, 7, 5]
LENGTH = 9


def train_step(cfg: Config, bank: str) -> list[torch.Tensor]:
    """Loss, gradients and rows after a step in which each rank has a part of the batch."""
    torch.manual_seed(0)
    cfg.model.memory_bank.update(type=bank, length=LENGTH, init='random')
    # no statistics over the batch, which would depend on the number of ranks
    model = MODELS.build(cfg.model).double().eval()
    images = torch.randn(len(INDEX), 3, 16, 16, dtype=torch.float64)
    rank, world_size = get_dist_info()
    part = slice(rank * len(INDEX) // world_size, (rank + 1) * len(INDEX) // world_size)
    samples = [DataSample(metainfo=dict(sample_idx=index)) for index in INDEX[part]]
    loss = model.loss(images[part], samples)['loss']
    loss.backward()
    found = [loss.detach(), *(weight.grad for weight in model.parameters())]
    for each in found:
        all_reduce(each, 'mean')
    with model.memory_bank.gathered_rows():
        return [*found, model.memory_bank.state_dict().get('feature_bank')]


if __name__ == '__main__':
    cfg = Config.fromfile(sys.argv[1])
    check_types(cfg)
    rank, world_size = map(int, sys.argv[2:4])
    results = [] if rank else [train_step(cfg, 'MemoryBank')]
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{sys.argv[4]}', rank=rank, world_size=world_size
    )
    results.append(train_step(cfg, 'ShardedMemoryBank'))
    if not rank:
        torch.save(results, sys.argv[5])
    torch.distributed.barrier()
