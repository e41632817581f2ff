"""Seeds for the parts of a run."""

import random

import numpy as np
import torch


def mixed_seed(*parts: int) -> int:
    """A 32-bit seed in which every one of the non-negative ``parts`` matters."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


def seed_generators(seed: int) -> None:
    """Seed the generators of Python, NumPy and PyTorch on this process."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
