"""Describe a config's test pipeline as the settings of a Preprocessing."""

from collections.abc import Sequence
from typing import Any

from mmengine.config import Config

from npid_mm.datasets.transforms.image_pipeline import ImagePipeline, split_pipeline
from npid_mm.images.preprocessing import FORMAT

# transforms that change pixels -> their arguments and defaults
TRANSFORMS: dict[str, dict[str, Any]] = {
    'Resize': dict(scale=None, keep_ratio=False, backend='cv2', interpolation='bilinear'),
    'ResizeEdge': dict(scale=None, edge='short', backend='cv2', interpolation='bilinear'),
    'ResizeChannels': dict(scale=None, edge='short'),
    'CenterCrop': dict(crop_size=None, auto_pad=False),
}
# transforms that exchange channels -> the argument that does it
CHANNELS = {
    **dict.fromkeys(('NumpyToPIL', 'ToPIL'), 'to_rgb'),
    **dict.fromkeys(('PILToNumpy', 'ToNumpy'), 'to_bgr'),
}
PROBES = ((37, 53), (59, 41))  # sizes of images that show whether the results have one size
LIBRARIES = {'cv2': 'opencv', 'pillow': 'pillow'}


class PipelineError(ValueError):
    """A test pipeline that has no equivalent outside MMPretrain."""


def pipeline_settings(cfg: Config, size: Sequence[int] | None = None) -> tuple[dict, bool]:
    """Describe a test pipeline for :class:`~npid_mm.images.preprocessing.Preprocessing`.

    Args:
        cfg (Config): Config with a ``test_dataloader``.
        size (Sequence[int], optional): Height and width of the result, for pipelines that do not
            resize.

    Returns:
        tuple[dict, bool]: The settings, and whether the network's input is BGR.

    Raises:
        PipelineError: If a transform has no equivalent, or the size is not known.
    """
    loader, steps = split_pipeline(cfg)
    if _name(loader) != 'LoadImage' or loader.get('backend_args'):
        raise PipelineError(
            'the test pipeline must load images with LoadImage, without backend_args, to be '
            f'exported, got {_name(loader)}: put dict(type="LoadImage") in its place'
        )
    pipeline = ImagePipeline(cfg)
    reader = pipeline.reader
    bgr, found = not reader.channels, []
    for step in steps:
        if _name(step) in CHANNELS:
            bgr ^= bool(step.get(CHANNELS[_name(step)]))
        elif _name(step) != 'PackInputs':
            found.append(_step(step))
    read = dict(
        background=list(reader.background),
        max_pixels=reader.max_pixels,
        value_range=list(reader.value_range) if reader.value_range else None,
    )
    if reader.channels:
        read['channels'] = reader.channels
    size = list(size or _fixed_size(pipeline))
    return dict(format=FORMAT, read=read, steps=found, size=size), bgr


def _fixed_size(pipeline: ImagePipeline) -> list[int]:
    """Height and width after a pipeline that resizes."""
    shapes = [pipeline(pipeline.blank(*size))['inputs'].shape[1:] for size in PROBES]
    if shapes[0] != shapes[1]:
        raise PipelineError(
            'the test pipeline does not resize, so the size of the images is not known: give '
            'images to export with'
        )
    return list(shapes[0])


def _step(step: dict) -> dict:
    """Settings of a transform.

    Raises:
        PipelineError: If it has no equivalent.
    """
    name = _name(step)
    given = {key: value for key, value in step.items() if key not in ('type', 'clip_object_border')}
    defaults = TRANSFORMS.get(name, {})
    values = defaults | given
    if name not in TRANSFORMS or values.keys() != defaults.keys():
        raise _refusal(step)
    if values.pop('keep_ratio', False) or values.pop('auto_pad', False):
        raise _refusal(step)
    if name == 'CenterCrop':
        width, height = _pair(step, values['crop_size'])
        return dict(type='center_crop', width=width, height=height)
    if name == 'ResizeChannels':
        values.update(backend='pillow', interpolation='bilinear')
    if values['backend'] not in LIBRARIES:
        raise _refusal(step)
    chosen = dict(library=LIBRARIES[values['backend']], filter=values['interpolation'])
    if name == 'Resize':
        width, height = _pair(step, values['scale'])
        return dict(type='resize', width=width, height=height, **chosen)
    return dict(type='resize_edge', edge=values['edge'], size=values['scale'], **chosen)


def _pair(step: dict, value: Any) -> list[int]:
    """Width and height."""
    pair = [value] * 2 if isinstance(value, int) else list(value or ())
    if len(pair) != 2:
        raise _refusal(step)
    return pair


def _refusal(step: dict) -> PipelineError:
    return PipelineError(
        f'the test pipeline has {dict(step)}, which cannot be exported: allowed are LoadImage, '
        'Resize and CenterCrop of a fixed size, ResizeEdge, NumpyToPIL, PILToNumpy and PackInputs'
    )


def _name(step: dict) -> str:
    kind = step['type']
    return kind if isinstance(kind, str) else kind.__name__
