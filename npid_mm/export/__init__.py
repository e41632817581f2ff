"""Encoders as ONNX and torch.export files: write them with torch, run ONNX without it."""

from typing import Any

__all__ = ['export_encoder']


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is used."""
    if name == 'export_encoder':
        from .encoder_file import export_encoder

        return export_encoder
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
