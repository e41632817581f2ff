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
    # torch.manual_seed would, on a process that does not use CUDA, note each call with its stack
    # for the day it does: a third of the time of a small image, and memory without end
    torch.default_generator.manual_seed(seed)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)
