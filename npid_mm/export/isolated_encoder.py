"""Run an untrusted ONNX encoder in a process of its own, with limited memory and time."""

import os
import subprocess
import sys
import tempfile
import threading
import weakref
from pathlib import Path
from typing import IO, Any

import numpy as np

from .encoder_process import ANSWER, LIMIT, SHAPE, TYPES

MEMORY = 768 << 20  # bytes besides those in proportion to the file
MEMORY_PER_BYTE = 4  # of the file: as it was read, parsed and arranged for the processor
SECONDS = 30.0  # to load the file, and for each batch
SECONDS_PER_IMAGE = 10.0
MAX_MESSAGE, MAX_DIM = 2000, 1 << 14
SOURCE = (
    'import sys; sys.path.insert(0, sys.argv[1]); '
    'from npid_mm.export.encoder_process import main; main()'
)


class IsolatedEncoder:
    """Encoder of images from an untrusted ONNX file, as :class:`OnnxEncoder`.

    A file that makes onnxruntime crash, loop or take too much memory ends its process alone, and
    becomes a ValueError here.

    Args:
        content (bytes): The file.

    Attributes:
        size (tuple[int, int]): Height and width of its images.
        channels (int): Channels of its images.
        dtype (dtype): Type of their values.

    Raises:
        ValueError: If the file is refused, or onnxruntime is not installed.
    """

    def __init__(self, content: bytes):
        folder = tempfile.TemporaryDirectory()  # no file lies where a relative path would lead
        self._process = subprocess.Popen(
            [sys.executable, '-c', SOURCE, str(Path(__file__).parents[2])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder.name,
            env={**os.environ, 'OPENBLAS_NUM_THREADS': '1'},  # each thread of it takes memory
        )
        self.close = weakref.finalize(self, _end, self._process, folder)
        memory = MEMORY + MEMORY_PER_BYTE * len(content)
        answer = self._ask(SECONDS, LIMIT.pack(memory, len(content)), content)[0]
        height, width, self.channels, item = map(int, answer)
        self.size, self.dtype = (height, width), TYPES[item]

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Embed images (B, H, W, C) of ``dtype``, RGB, as unit rows (B, D) of float32.

        Raises:
            ValueError: If the network fails, or takes too long.
        """
        seconds = SECONDS + SECONDS_PER_IMAGE * len(images)
        rows = self._ask(
            seconds, SHAPE.pack(*images.shape, images.itemsize), np.ascontiguousarray(images).data
        )
        if len(rows) != len(images):
            raise ValueError(f'its output must be ({len(images)}, D), got {rows.shape}')
        return rows

    def _ask(self, seconds: float, *parts: Any) -> np.ndarray:
        """Send something and return the array in the answer."""
        if not self.close.alive:
            raise ValueError('its process has ended')
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(seconds, stop)
        timer.start()
        try:
            return self._answer(parts)
        except (OSError, EOFError) as error:
            self._process.wait()
            what = f'took longer than {seconds:.0f} seconds' if late.is_set() else 'ended'
            raise ValueError(f'its process {what}') from error
        finally:
            timer.cancel()

    def _answer(self, parts: tuple) -> np.ndarray:
        target, source = self._process.stdin, self._process.stdout
        assert target is not None and source is not None
        for part in parts:
            target.write(part)
        target.flush()
        rows, length = ANSWER.unpack(_read(source, ANSWER.size))
        if not rows:
            message = _read(source, min(length, MAX_MESSAGE)).decode(errors='replace')
            self.close()
            raise ValueError(message)
        if length > MAX_DIM:
            raise ValueError(f'its output must be (B, D) with D up to {MAX_DIM:,}, got {length:,}')
        return np.frombuffer(_read(source, 4 * rows * length), np.float32).reshape(rows, length)


def _read(source: IO[bytes], size: int) -> bytes:
    """Read exactly ``size`` bytes.

    Raises:
        EOFError: If the process has ended.
    """
    content = source.read(size)
    if len(content) != size:
        raise EOFError
    return content


def _end(process: subprocess.Popen, folder: tempfile.TemporaryDirectory) -> None:
    """End the process and remove its folder."""
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            try:
                stream.close()
            except OSError:  # a part of a batch was not sent
                pass
    folder.cleanup()
