"""Train NPID for a few steps with every head, on one process or on ranks."""

import torch
from mmengine.dist import all_reduce, get_dist_info

from npid_mm.models.memory_banks.sharded_memory_bank import ShardNegatives
from tests.toy import build_npid, samples

LENGTH = 13  # not divisible by a number of ranks
HEADS = {
    'exact': dict(type='ExactSoftmaxHead', temperature=0.2, proximal_weight=1.0),
    'grouped': dict(type='ExactSoftmaxHead', temperature=0.2, groups=[[5, 7, 12], [0, 3]]),
    'sampled': dict(type='SampledSoftmaxHead', num_negatives=LENGTH, temperature=0.2),
    'nce': dict(type='NCEHead', num_negatives=LENGTH, temperature=0.2),
    'parametric': dict(
        type='ParametricSoftmaxHead', length=LENGTH, feat_dim=16, temperature=0.2
    ),
}  # fmt: skip
# Indexes of the global batch: some are on several of two or of three ranks, or twice on one.
INDEX = [0, 5, 7, 5, 2, 11, 3, 9, 0, 12, 5, 1]
STEPS = 3


def all_negatives(bank):
    """Return a function that gives all rows as negatives, on one process and on ranks."""

    def draw(index, num, exclude_positive, copies=None):
        rows = torch.arange(len(bank.feature_bank))
        if not bank.is_sharded:
            return rows.repeat(len(index), 1)
        batch = len(index) * get_dist_info()[1]
        return ShardNegatives(rows.repeat(batch, 1), torch.ones(batch))

    return draw


def train(head, bank_type='MemoryBank'):
    """Train on this rank's part of each batch.

    Returns:
        dict: 'losses' (mean over ranks), 'gradients' of the last step, 'state' and 'drift'.
    """
    torch.manual_seed(0)
    model = build_npid(HEADS[head], type=bank_type, length=LENGTH).double()
    bank = model.memory_bank
    if model.head.groups is not None:
        model.head.set_groups(model.head.groups, LENGTH)
    bank.draw_negatives = all_negatives(bank)
    bank.synchronize()
    rank, world_size = get_dist_info()
    wrapped = model
    if world_size > 1:
        wrapped = torch.nn.parallel.DistributedDataParallel(model, broadcast_buffers=False)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    share = slice(*(r * len(INDEX) // world_size for r in (rank, rank + 1)))
    losses = []
    for step in range(STEPS):
        generator = torch.Generator().manual_seed(step)
        x = torch.randn(len(INDEX), 3, 16, 16, generator=generator, dtype=torch.float64)
        optimizer.zero_grad()
        parts = wrapped(x[share], samples(INDEX[share]), mode='loss')
        loss = sum(value for name, value in parts.items() if 'loss' in name)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    losses = torch.stack(losses)
    all_reduce(losses, 'mean')
    with bank.gathered_rows():
        state = model.state_dict()
    gradients = {name: p.grad for name, p in model.named_parameters()}
    return dict(losses=losses, gradients=gradients, state=state, drift=bank.pop_drift())
