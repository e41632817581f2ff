"""Files for other programs: encoders for ONNX and torch.export, embeddings as arrays and tables."""

from npid_mm.utils.lazy_names import lazy_names

__all__ = ['export_encoder']  # noqa: F822

__getattr__ = lazy_names(__name__, {'export_encoder': 'encoder_file'})
