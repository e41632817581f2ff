"""oneDNN's private kernel against public operations."""

import torch

from npid_mm.losses import onednn
from tests.toy import unit_rows


def test_product_and_its_fallback_agree(monkeypatch):
    left, right = unit_rows(70, 16), unit_rows(9, 16, seed=1)
    product = onednn.product(left, right)
    torch.testing.assert_close(product, torch.mm(left, right.T))
    monkeypatch.setattr(onednn, 'KERNEL', None)
    torch.testing.assert_close(onednn.product(left, right), product)
    assert onednn.sigmoid_product_dtype(left, right) is None


def test_sigmoid_product_agrees_with_public_operations():
    left, right, bias = unit_rows(70, 16), unit_rows(9, 16, seed=1), torch.randn(9)
    assert onednn.sigmoid_product_dtype(left, right) == torch.float32
    expected = torch.sigmoid(torch.mm(left, right.T) + bias)
    torch.testing.assert_close(onednn.sigmoid_product(left, right, bias), expected)


def test_float64_is_left_to_public_operations():
    rows = unit_rows(3, 4, dtype=torch.float64)
    assert onednn.sigmoid_product_dtype(rows, rows) is None
    torch.testing.assert_close(onednn.product(rows, rows), rows @ rows.T)
