"""Run an ONNX encoder with onnxruntime, on numpy arrays."""

import re
from types import ModuleType
from typing import Any

import numpy as np

from npid_mm.extras import optional_module

INPUT, OUTPUT = 'image', 'embedding'
METADATA = 'preprocessing'  # key of the preprocessing in the ONNX file's metadata
PURPOSE = 'running an ONNX encoder'
FATAL_ONLY = 4  # severity of onnxruntime's log; errors are raised too


def load_runtime() -> ModuleType:
    """Import onnxruntime.

    Raises:
        MissingExtraError: If it is not installed.
    """
    return optional_module('onnxruntime', PURPOSE)


class OnnxEncoder:
    """Encoder of images, from the content of an ONNX file.

    No library of custom operators is loaded.

    Args:
        content (bytes): The file.
        threads (int): Threads of onnxruntime; 0 is one per core.

    Attributes:
        size (tuple[int, int]): Height and width of its images.
        channels (int): Channels of its images.
        dtype (dtype): uint8, or float32 for images of other values.
        metadata (dict[str, str]): The metadata of the file.

    Raises:
        MissingExtraError: If onnxruntime is not installed.
        ValueError: If onnxruntime refuses the file, or its inputs and outputs are others.
    """

    def __init__(self, content: bytes, threads: int = 0):
        onnxruntime = load_runtime()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = FATAL_ONLY
        options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(
                content, options, providers=['CPUExecutionProvider']
            )
        except Exception as error:  # onnxruntime raises classes of its own
            raise ValueError(f'onnxruntime cannot read it: {_reason(error)}') from error
        self.size, self.channels, self.dtype = self._checked_input()
        self.metadata = self._session.get_modelmeta().custom_metadata_map

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Embed images (B, H, W, C) of ``dtype``, RGB, as unit rows (B, D) of float32.

        Raises:
            ValueError: If the network fails, or its output is not (B, D).
        """
        try:
            (rows,) = self._session.run([OUTPUT], {INPUT: images})
        except Exception as error:
            raise ValueError(f'the network fails: {_reason(error)}') from error
        if rows.ndim != 2 or len(rows) != len(images):
            raise ValueError(f'its output must be ({len(images)}, D), got {rows.shape}')
        return rows

    def _checked_input(self) -> tuple[tuple[int, int], int, np.dtype]:
        """Height and width, channels, and type of the input.

        Raises:
            ValueError: If inputs and outputs are not those of an encoder.
        """
        ends = [
            [(each.name, each.type, each.shape) for each in group]
            for group in (self._session.get_inputs(), self._session.get_outputs())
        ]
        names = [[name for name, *_ in group] for group in ends]
        types = [[kind for _, kind, _ in group] for group in ends]
        shape: list[Any] = ends[0][0][2] if ends[0] else []
        sides = shape[1:]
        kind = types[0][0] if types[0] else ''
        if (
            names != [[INPUT], [OUTPUT]]
            or types[1] != ['tensor(float)']
            or len(sides) != 3
            or not all(isinstance(side, int) and side > 0 for side in sides)
            or not (kind == 'tensor(float)' or (kind == 'tensor(uint8)' and sides[2] == 3))
        ):
            raise ValueError(
                f'it must have the input {INPUT}, (B, H, W, 3) of uint8 or (B, H, W, C) of '
                f'float32, and the output {OUTPUT} (B, D) of float32, got {ends!r:.200}'
            )
        dtype = np.dtype(np.float32 if kind == 'tensor(float)' else np.uint8)
        return (sides[0], sides[1]), sides[2], dtype


def _reason(error: Exception) -> str:
    """First line of an error of onnxruntime, without its code, of bounded length."""
    text = re.sub(r'^\[ONNXRuntimeError\] : \d+ : \w+ : ', '', str(error))
    return text.strip().partition('\n')[0][:300]
