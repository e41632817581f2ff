"""Forms of attention that can be exported, in place of those that cannot."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmpretrain.models.utils import ShiftWindowMSA
from torch import Tensor


@contextmanager
def exportable_attention() -> Iterator[None]:
    """Let attention be exported inside the block, with the same results.

    The fused form of ``nn.MultiheadAttention``, as in torchvision's vision transformers, has no
    operator in ONNX, and MMPretrain's Swin transformers fix the number of images when they are
    traced.
    """
    fused = torch.backends.mha.get_fastpath_enabled()
    original = ShiftWindowMSA.window_reverse
    torch.backends.mha.set_fastpath_enabled(False)
    ShiftWindowMSA.window_reverse = staticmethod(_window_reverse)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        ShiftWindowMSA.window_reverse = staticmethod(original)


def _window_reverse(windows: Tensor, height: int, width: int, size: int) -> Tensor:
    """Put windows (n, size, size, C) together to maps (B, height, width, C)."""
    rows, columns = height // size, width // size
    parts = windows.view(-1, rows, columns, size, size, windows.shape[-1])
    return parts.permute(0, 1, 3, 2, 4, 5).reshape(-1, height, width, windows.shape[-1])
