"""Files for other programs: encoders for ONNX and torch.export, embeddings as arrays and tables."""

from typing import Any

__all__ = ['export_encoder']


def __getattr__(name: str) -> Any:
    """Import what needs torch when it is used."""
    if name == 'export_encoder':
        from .encoder_file import export_encoder

        return export_encoder
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
