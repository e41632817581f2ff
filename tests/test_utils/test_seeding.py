"""Tests of seeds."""

import random

import numpy as np
import torch

from npid_mm.utils.seeding import kept_generators, mixed_seed, seed_generators


def test_seeds_every_generator():
    drawn = []
    for seed in (3, 3, 4):
        seed_generators(seed)
        drawn.append((random.random(), np.random.rand(), torch.rand(()).item()))
    assert drawn[0] == drawn[1]
    assert all(first != other for first, other in zip(drawn[0], drawn[2], strict=True))


def test_leaves_nothing_behind_where_cuda_is_not_in_use():
    """torch.manual_seed queues a call with its stack: memory that grows with every sample."""
    before = len(torch.cuda._queued_calls)
    for seed in range(10):
        seed_generators(seed)
    assert len(torch.cuda._queued_calls) == before


def test_every_part_of_a_seed_matters():
    seeds = [mixed_seed(*parts) for parts in ((0, 1, 2), (1, 0, 2), (0, 2, 1), (0, 1))]
    assert len(set(seeds)) == 4


def test_generators_are_restored_after_a_block():
    def draw():
        return random.random(), np.random.rand(), torch.rand(()).item()

    seed_generators(5)
    expected = draw()
    seed_generators(5)
    with kept_generators():
        seed_generators(6)
        draw()
    assert draw() == expected
