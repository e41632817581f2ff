"""Write a trained network as an ONNX or a torch.export file, checked on images."""

import copy
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import default_collate
from mmengine.model import BaseModel

from npid_mm.config.read_config import read_config
from npid_mm.config.training_images import with_test_pipeline
from npid_mm.datasets.transforms.image_pipeline import ImagePipeline
from npid_mm.engine.features import batch_features
from npid_mm.engine.inference import load_network
from npid_mm.extras import optional_module
from npid_mm.images import UnreadableImageError
from npid_mm.images.find_images import find_images
from npid_mm.images.preprocessing import Preprocessing
from npid_mm.utils.atomic_io import atomic_path, write_atomic
from npid_mm.utils.input_files import existing_file
from npid_mm.utils.output_files import JSON, ONNX, PT2, check_output

from .encoder_module import PixelEncoder
from .exportable_attention import exportable_attention
from .onnx_encoder import INPUT, METADATA, OUTPUT, OnnxEncoder
from .pipeline_settings import pipeline_settings

PREPROCESSING = 'preprocessing.json'
OPSET = 17  # the first with layer normalization
CHECKED = 16  # images that the file is compared on
TOLERANCE = 1e-4  # largest distance between the rows of the file and of PyTorch
PURPOSE = 'exporting to ONNX'

Images = str | Path | Sequence[str | Path]
Run = Callable[[np.ndarray], np.ndarray]


class ExportError(ValueError):
    """A network that cannot be exported, or whose file gives other features."""


def export_encoder(
    config: str | Path | Config,
    checkpoint: str | Path,
    out: str | Path,
    images: Images | None = None,
    force: bool = False,
) -> Path:
    """Write a trained network as a file for onnxruntime (.onnx) or torch.export (.pt2).

    The file takes images (B, H, W, 3) of uint8, RGB, for any B, and returns unit rows (B, D). If
    the config reads images of C ``channels``, it takes (B, H, W, C) of float32, their own values.
    channel order and normalization are inside. ``preprocessing.json`` beside it describes how an
    image is decoded, resized and cropped before, see
    :class:`~npid_mm.images.preprocessing.Preprocessing`. The text is also in the file: in the
    metadata of an ONNX file, and in the extra files of a torch.export file.

    The file appears only after its rows were equal to those of PyTorch on ``images``.

    Args:
        config (str | Path | Config): Config of a pretraining or of a kNN evaluation.
        checkpoint (str | Path): File or URL.
        out (str | Path): File to write.
        images (str | Path | Sequence, optional): Folder of images or image files to compare on.
            By default random pixels.
        force (bool): Replace files of another kind.

    Returns:
        Path: ``out``.

    Raises:
        FileNotFoundError: If the config, the checkpoint or the folder does not exist.
        MissingExtraError: If onnx or onnxruntime is not installed.
        ValueError: If ``out`` has another ending, the network or its test pipeline cannot be
            exported, or no image can be read.

    Example:
        >>> export_encoder('config.py', 'epoch_100.pth', 'encoder.onnx', images='photos')
        PosixPath('encoder.onnx')
    """
    out = Path(out)
    kind = PT2 if out.suffix.lower() in PT2.endings else ONNX
    if not out.name.lower().endswith((*ONNX.endings, *PT2.endings)):
        raise ValueError(f'out must end in .onnx or .pt2, got {out}')
    check_output(out, kind, force, 'out')
    check_output(out.with_name(PREPROCESSING), JSON, force, 'out')
    if not isinstance(config, Config):
        config = read_config(existing_file(str(config), 'config'))
    files: list[str] | None = None
    if isinstance(images, (str, Path)):
        files = find_images(images).paths
    elif images is not None:
        files = list(map(str, images))
    model = load_network(with_test_pipeline(config), str(checkpoint), 'cpu')
    write_encoder(model, out, files)
    return out


def write_encoder(
    model: BaseModel, out: Path, images: Sequence[str] | None = None
) -> Preprocessing:
    """Write a network as :func:`export_encoder` does, with ``preprocessing.json`` beside it.

    Args:
        model (BaseModel): Result of :func:`~npid_mm.engine.inference.load_network`.
        out (Path): File to write.
        images (Sequence[str], optional): Image files to compare on.

    Returns:
        Preprocessing: What is to be done with an image before.

    Raises:
        MissingExtraError: If onnx or onnxruntime is not installed.
        ValueError: If the network cannot be exported, or no image can be read.
    """
    write = _write_pt2 if out.suffix.lower() == '.pt2' else _write_onnx
    pipeline = ImagePipeline(model._config)
    prepared = _prepared(pipeline, images)
    size = prepared[0][1]['inputs'].shape[1:] if images is not None else None
    settings, bgr = pipeline_settings(model._config, size)
    preprocessing = Preprocessing(settings)
    encoder = PixelEncoder(copy.deepcopy(model).cpu(), bgr)
    with atomic_path(out, keep_suffix=True) as unfinished:
        try:
            with warnings.catch_warnings(), exportable_attention():
                warnings.simplefilter('ignore')  # of tracing, which the comparison replaces
                run = write(encoder, unfinished, preprocessing)
        except (ImportError, OSError):
            raise
        except Exception as error:  # exporters may raise anything
            reason = str(error).strip().partition('\n')[0] or type(error).__name__
            raise ExportError(f'the network cannot be exported to {out.name}: {reason}') from error
        _compare(run, encoder, preprocessing, prepared)
        write_atomic(out.with_name(PREPROCESSING), preprocessing.to_json())
    return preprocessing


def _prepared(
    pipeline: ImagePipeline, images: Sequence[str] | None
) -> list[tuple[str | np.ndarray, dict]]:
    """The first readable images, or random ones, with their samples."""
    if images is None:
        random = np.random.default_rng(0)
        blanks = [pipeline.blank(*size) for size in ((256, 320), (320, 256), (64, 48))]
        low, high = pipeline.reader.value_range or (0, 255)
        arrays = [random.uniform(low, high, each.shape).astype(each.dtype) for each in blanks]
        return [(array, pipeline(array)) for array in arrays]
    found: list[tuple[str | np.ndarray, dict]] = []
    reason: Exception | None = None
    for image in images:
        try:
            found.append((image, pipeline(image)))
        except (UnreadableImageError, OSError) as error:
            reason = error
        if len(found) == CHECKED:
            break
    if not found:
        raise ValueError(f'images must name at least one that can be read, got none: {reason}')
    return found


def _compare(run: Run, encoder: PixelEncoder, preprocessing: Preprocessing, prepared: list) -> None:
    """Compare the rows of a file with those of PyTorch, in a batch and one by one.

    Raises:
        ExportError: If they differ.
    """
    pixels = np.stack([preprocessing(image) for image, _ in prepared])
    data = default_collate([sample for _, sample in prepared])
    expected = batch_features(encoder.model, data, encoder.level)[0].float().numpy()
    for part in (slice(None), slice(1)):
        rows = run(pixels[part])
        distance = float(np.linalg.norm(rows - expected[part], axis=1).max())
        if not distance <= TOLERANCE:
            raise ExportError(
                'the exported network must give the features of PyTorch, but they are '
                f'{distance:.2g} apart on an image: it cannot be exported'
            )


def _write_onnx(encoder: PixelEncoder, path: Path, preprocessing: Preprocessing) -> Run:
    onnx = optional_module('onnx', PURPOSE)
    optional_module('onnxruntime', PURPOSE)
    # The exporter by tracing takes a second, torch.export's 11 and onnxscript. Both gave the same
    # rows. It is deprecated, but part of all torch versions that are allowed.
    torch.onnx.export(
        encoder,
        (encoder.example(preprocessing),),
        path,
        dynamo=False,
        input_names=[INPUT],
        output_names=[OUTPUT],
        dynamic_axes={INPUT: {0: 'batch'}, OUTPUT: {0: 'batch'}},
        opset_version=OPSET,
    )
    model = onnx.load(path)
    onnx.helper.set_model_props(model, {METADATA: preprocessing.to_json()})
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return OnnxEncoder(path.read_bytes())


def _write_pt2(encoder: PixelEncoder, path: Path, preprocessing: Preprocessing) -> Run:
    shapes = {'image': {0: torch.export.Dim('batch')}}
    example = encoder.example(preprocessing)
    program = torch.export.export(encoder, (example,), dynamic_shapes=shapes)
    torch.export.save(program, path, extra_files={PREPROCESSING: preprocessing.to_json()})
    module = torch.export.load(path).module()
    return lambda pixels: module(torch.from_numpy(pixels)).detach().numpy()
