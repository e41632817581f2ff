"""Random rows of a memory bank."""

import torch

from npid_mm.models.memory_banks.bank_rows import random_unit_rows


def test_rows_are_unit_vectors_without_a_preferred_direction():
    rows = random_unit_rows(20000, slice(0, 20000), torch.empty(0, 16))
    torch.testing.assert_close(rows.norm(dim=1), torch.ones(20000))
    # the mean of N random unit vectors has length about N ** -0.5
    assert rows.mean(0).norm() < 3 * 20000**-0.5
