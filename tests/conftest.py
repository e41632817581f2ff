"""Fixtures of all tests."""

import pytest
import torch

from npid_mm.datasets import split_folder, write_digits


@pytest.fixture(scope='session')
def digits(tmp_path_factory):
    """The digits as image folders, with their lists."""
    root = write_digits(tmp_path_factory.mktemp('data') / 'digits')
    split_folder(root, root)
    return root


@pytest.fixture(autouse=True)
def one_thread():
    """Small tensors are slower on many threads, and sums come in one order."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
