"""Rounded rows keep their lengths and their neighbors."""

import pytest
import torch

from npid_mm.retrieval.index.unit_rows import stored_unit_rows
from tests.toy import unit_rows


@pytest.mark.parametrize('dim', [1, 2, 16, 128, 1024])
@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_no_row_becomes_longer_than_1_and_few_much_shorter(dim, dtype):
    """Plain rounding makes half of them longer than 1."""
    rows = unit_rows(2000, dim)
    length = stored_unit_rows(rows, dtype).double().norm(dim=1)
    assert length.max() <= 1 + 1e-6
    if dim >= 16:
        step = torch.finfo(dtype).eps
        assert rows.to(dtype).double().norm(dim=1).max() > 1 + step / 8 / dim**0.5
        assert length.median() > 1 - step / 16


def test_neighbors_are_found_more_often_than_after_rounding_alone():
    """With rows around 100 directions, whose neighbors are close together."""
    rows = unit_rows(100, 64).repeat(40, 1) + 0.04 * torch.randn(4000, 64)
    rows = torch.nn.functional.normalize(rows)
    query = torch.nn.functional.normalize(unit_rows(100, 64) + 0.04 * torch.randn(100, 64))
    truth = (query @ rows.t()).topk(10).indices

    def recall(stored):
        found = (query @ stored.float().t()).topk(10).indices
        return (truth[:, :, None] == found[:, None, :]).any(2).float().mean().item()

    scaled = recall(stored_unit_rows(rows, torch.bfloat16))
    assert scaled > recall(rows.to(torch.bfloat16)) and scaled > 0.95


def test_a_row_finds_itself_at_one_at_most():
    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        rows = unit_rows(500, 128)
        own = (rows * stored_unit_rows(rows, dtype).float()).sum(dim=1)
        assert own.max() < 1.00001 and own.min() > 0.9985
