"""Process that runs an ONNX encoder for IsolatedEncoder, with limited memory.

It reads the limit in bytes, the length of the ONNX file and the file from stdin, then batches of
images: five numbers (B, H, W, C, bytes of a value) and the pixels. It answers each, the file too,
with an array: two numbers (B, D) and the values; or with 0, the length of a message, and the
message.
"""

import os
import sys
import threading
import time
from struct import Struct
from typing import BinaryIO

import numpy as np

LIMIT = Struct('<2Q')
SHAPE = Struct('<5Q')
TYPES: dict[int, np.dtype] = {
    1: np.dtype(np.uint8),
    4: np.dtype(np.float32),
}  # bytes of a value -> its type
ANSWER = Struct('<2Q')
INTERVAL = 1.0  # seconds between two looks at the parent


def main() -> None:
    """Serve batches until stdin is closed."""
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), 'wb')
    os.dup2(2, 1)  # what libraries print does not belong to the answers
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    memory, length = LIMIT.unpack(source.read(LIMIT.size))
    try:
        # onnxruntime before the limit, as its libraries are not the file's
        from npid_mm.export.onnx_encoder import OnnxEncoder, load_runtime

        load_runtime()
        _limit_memory(memory)
        encoder = OnnxEncoder(source.read(length))
        about = (*encoder.size, encoder.channels, encoder.dtype.itemsize)
        _answer(target, np.array([about], np.float32))
        while header := source.read(SHAPE.size):
            *shape, item = SHAPE.unpack(header)
            pixels = np.frombuffer(source.read(int(np.prod(shape)) * item), TYPES[item])
            _answer(target, encoder(pixels.reshape(shape)))
    except (ValueError, MemoryError, ImportError) as error:
        message = (str(error) or 'out of memory').encode()
        target.write(ANSWER.pack(0, len(message)) + message)
        target.flush()


def _answer(target: BinaryIO, rows: np.ndarray) -> None:
    target.write(ANSWER.pack(*rows.shape) + np.ascontiguousarray(rows, np.float32).tobytes())
    target.flush()


def _limit_memory(size: int) -> None:
    """Limit the memory of this process, where the operating system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with_parent(parent: int) -> None:
    """End this process when its parent was killed in the middle of a batch."""
    while os.getppid() == parent:
        time.sleep(INTERVAL)
    os._exit(1)
