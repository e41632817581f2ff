"""Open the ONNX encoder of an index, in a process of its own if the index is not yours."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from npid_mm.export.isolated_encoder import IsolatedEncoder
from npid_mm.export.onnx_encoder import OnnxEncoder
from npid_mm.export.onnx_scan import check_self_contained
from npid_mm.images.preprocessing import MAX_BYTES, Preprocessing

from .feature_index import FeatureIndex
from .metadata import ENCODER, PREPROCESSING
from .regular_files import read_regular

MAX_ENCODER = (1 << 31) - 1  # bytes; larger ONNX files keep their weights in others
TOLERANCE = 1e-2  # largest deviation of a row from unit length

Embed = Callable[[np.ndarray], np.ndarray]


def open_encoder(index: FeatureIndex) -> tuple[Preprocessing, Embed]:
    """Open the encoder of an index, which is data: nothing of it is executed.

    If this user did not sign the index on this machine, onnxruntime reads the file in a process
    with limited memory and time.

    Args:
        index (FeatureIndex): An index whose ``meta['encoder']`` is not None.

    Returns:
        tuple[Preprocessing, Callable]: What is done with an image, and a function from images
        (B, H, W, C) to unit rows (B, D).

    Raises:
        MissingExtraError: If onnxruntime is not installed.
        ValueError: If a file is damaged or refused.
    """
    path = index.folder / ENCODER
    preprocessing = Preprocessing.from_json(_content(index, PREPROCESSING, MAX_BYTES))
    content = _content(index, ENCODER, MAX_ENCODER)
    try:
        check_self_contained(content)
        encoder = OnnxEncoder(content) if index.trusted else IsolatedEncoder(content)
    except ValueError as error:
        raise ValueError(f'{path} is refused: {error}') from error
    sizes = {encoder.size, preprocessing.size, tuple(index.meta['size'])}
    if len(sizes) > 1:
        raise ValueError(f'{path} must be for images of the size of the index, got {sizes}')

    expected = preprocessing.channels, np.dtype(preprocessing.dtype)
    if (encoder.channels, encoder.dtype) != expected:
        raise ValueError(
            f'{path} must be for images of {expected[0]} channels of {expected[1]}, as '
            f'{PREPROCESSING} says, got {encoder.channels} of {encoder.dtype}'
        )

    def embed(images: np.ndarray) -> np.ndarray:
        try:
            rows = encoder(images)
        except ValueError as error:
            raise ValueError(f'{path} is refused: {error}') from error
        length = np.linalg.norm(rows, axis=1)
        if rows.shape[1] != index.dim or not (np.abs(length - 1) < TOLERANCE).all():
            raise ValueError(f'{path} must give unit rows of {index.dim} values, and does not')
        return rows

    return preprocessing, embed


def _content(index: FeatureIndex, name: str, most: int) -> bytes:
    """Content of a file of the encoder, compared with ``index.json``.

    Raises:
        ValueError: If it is missing, damaged or larger than ``most`` bytes.
    """
    path: Path = index.folder / name
    try:
        content = read_regular(path, most)
    except FileNotFoundError:
        content = b''
    if hashlib.sha256(content).hexdigest() != index.meta['encoder'][name]:
        raise ValueError(
            f'{path} is missing or damaged: bring it back, or give the index command again'
        )
    return content
