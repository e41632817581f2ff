"""Memory bank of the tests of heads."""

import pytest
import torch

from npid_mm.models import MemoryBank
from tests.test_models.test_heads.batch import D, N


@pytest.fixture
def bank():
    torch.manual_seed(1)
    return MemoryBank(length=N, feat_dim=D, dtype='float64')
