"""Encoded images for the tests of the reader."""

import io
import struct
import zlib

import cv2
import numpy as np
from PIL import Image

Y, X = np.mgrid[:60, :90]
PIXELS = np.uint8(
    127 + 100 * np.stack([np.sin(X / 9), np.cos(Y / 7), np.sin((X + 2 * Y) / 11)], -1)
)
COLOR = Image.fromarray(PIXELS)


def encoded(image: Image.Image, kind: str = 'PNG', **arguments) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **arguments)
    return file.getvalue()


def opencv(content: bytes, flags: int = cv2.IMREAD_COLOR) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(content, np.uint8), flags)


def png_of(width: int, height: int, rows: int) -> bytes:
    """A well-compressed gray PNG of one value, cut after ``rows`` rows."""

    def chunk(name, data):
        return (
            struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
        )

    row = b'\0' + b'\x55' * width
    packer = zlib.compressobj(1)
    body = b''.join(packer.compress(row) for _ in range(rows)) + packer.flush()
    header = chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0))
    return b'\x89PNG\r\n\x1a\n' + header + chunk(b'IDAT', body) + chunk(b'IEND', b'')
