"""Attention that can be exported gives the results of the library's own."""

import torch
from mmpretrain.models.utils import ShiftWindowMSA
from torch import nn

from npid_mm.export.exportable_attention import exportable_attention


@torch.no_grad()
def test_shifted_windows():
    attention = ShiftWindowMSA(8, num_heads=2, window_size=3, shift_size=1).eval()
    original, maps = ShiftWindowMSA.window_reverse, torch.randn(2, 6 * 9, 8)
    expected = attention(maps, (6, 9))
    with exportable_attention():
        assert ShiftWindowMSA.window_reverse is not original
        assert torch.equal(attention(maps, (6, 9)), expected)
    assert ShiftWindowMSA.window_reverse is original


@torch.no_grad()
def test_fused_attention():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True).eval()
    tokens = torch.randn(2, 5, 8)
    expected = layer(tokens)
    with exportable_attention():
        assert not torch.backends.mha.get_fastpath_enabled()
        torch.testing.assert_close(layer(tokens), expected)
    assert torch.backends.mha.get_fastpath_enabled()
