"""Convert a network's config to the JSON of an index, and back without running untrusted parts."""

import json
import re
from typing import Any

from mmengine.config import Config
from mmengine.registry import Registry
from mmpretrain.registry import MODELS, TRANSFORMS

from npid_mm.config.preprocessor import preprocessor_config
from npid_mm.engine.features import check_level
from npid_mm.engine.inference import check_config, index_feature

PARTS = {'backbone': MODELS, 'neck': MODELS, 'data_preprocessor': MODELS, 'pipeline': TRANSFORMS}
TUPLE = '_tuple_'
# modules of the frameworks whose classes are harmless; others evaluate strings
# (torchvision/ConvertImageDtype), build by other names (Albu), or load files and URLs
MODULES = (
    'torch.nn.', 'mmcv.cnn.bricks.', 'mmcv.transforms.', 'mmengine.utils.dl_utils.',
    'mmpretrain.models.backbones.', 'mmpretrain.models.necks.',
    'mmpretrain.models.utils.data_preprocessor', 'mmpretrain.models.utils.norm',
    'mmpretrain.datasets.transforms.formatting', 'mmpretrain.datasets.transforms.processing',
)  # fmt: skip
FRAMEWORKS = {'torch', 'torchvision', 'functools', 'mmcv', 'mmengine', 'mmpretrain'}
REFUSED = {'TIMMBackbone', 'Albumentations', 'Albu', 'MultiModalDataPreprocessor'}
MAX_NUMBER = {MODELS: 1 << 16, TRANSFORMS: 1 << 12}  # in a pipeline, numbers are pixels
# limited by ImageReader, and values of images
UNLIMITED = ('max_pixels', 'value_range', 'mean', 'std')
MAX_BYTES = 1 << 18
MAX_DEPTH = 20
DROPPED = ('init_cfg', 'pretrained')  # all weights come from the checkpoint


def embedding_config(cfg: Config) -> Config:
    """Reduce a config to the parts that embed an image.

    Args:
        cfg (Config): Config of a pretraining or of a kNN evaluation.

    Returns:
        Config: Backbone, neck, data preprocessor, test pipeline and feature, as read from an index.

    Raises:
        ValueError: If it is another kind of config, or :func:`config_from_json` refuses it.
    """
    check_config(cfg)
    return config_from_json(config_to_json(cfg))


def config_to_json(cfg: Config) -> dict:
    """Convert a config to the JSON object that an index stores."""
    preprocessor = preprocessor_config(cfg)
    if 'augments' in preprocessor:
        preprocessor['augments'] = []
    return dict(
        backbone=_encoded(cfg.model.backbone),
        neck=_encoded(cfg.model.get('neck')),
        data_preprocessor=_encoded(preprocessor),
        pipeline=_encoded(cfg.test_dataloader.dataset.pipeline),
        feature=index_feature(cfg),
    )


def config_from_json(content: dict) -> Config:
    """Convert the stored object of an untrusted index to a config.

    Each ``type`` in it must be the plain name of a registered model or transform that needs nothing
    but its settings. No module is imported for it: import that of your own class before.

    Args:
        content (dict): Result of :func:`config_to_json`.

    Returns:
        Config: Config for :func:`~npid_mm.engine.inference.load_network`.

    Raises:
        ValueError: If it has other keys, a ``type`` that is not such a name, a key that begins with
            an underscore, a number that is too large, or is too long or too deep.
    """
    if content.keys() != {*PARTS, 'feature'}:
        raise ValueError(
            f'the config of an index must have the keys {", ".join(PARTS)} and feature, got '
            f'{_cut(", ".join(content))}'
        )
    try:
        length = len(json.dumps(content))
    except (TypeError, RecursionError) as error:
        raise ValueError(f'the config of an index must be plain values: {error}') from error
    if length > MAX_BYTES:
        raise ValueError(f'the config of an index must have at most {MAX_BYTES:,} bytes')
    parts = {name: _decoded(content[name], registry) for name, registry in PARTS.items()}
    for name in ('backbone', 'neck', 'data_preprocessor'):
        if name != 'neck' or parts[name] is not None:
            _check_built(name, parts[name])
    pipeline = parts.pop('pipeline')
    if not isinstance(pipeline, list):
        raise ValueError(f'the pipeline of an index must be a list, got {_cut(pipeline)}')
    for step in pipeline:
        _check_built('pipeline', step)
    return Config(
        dict(
            default_scope='mmpretrain',
            model=dict(type='ProbeClassifier', **parts),
            test_dataloader=dict(dataset=dict(pipeline=pipeline)),
            test_cfg=dict(feature=check_level(content['feature'])),
        )
    )


def _check_built(name: str, value: Any) -> None:
    if not (isinstance(value, dict) and 'type' in value):
        raise ValueError(f'the {name} of an index must be a dict with a type, got {_cut(value)}')


def _encoded(value: Any) -> Any:
    """Convert a value of a config to JSON; classes become their registered names."""
    if isinstance(value, dict):
        return {key: _encoded(each) for key, each in value.items() if key not in DROPPED}
    if isinstance(value, tuple):
        return {TUPLE: [_encoded(each) for each in value]}
    if isinstance(value, list):
        return [_encoded(each) for each in value]
    if isinstance(value, type):
        named = (_registered(registry).items() for registry in MAX_NUMBER)
        return next((name for each in named for name, cls in each if cls is value), str(value))
    return value


def _decoded(value: Any, registry: Registry, depth: int = 0, unlimited: bool = False) -> Any:
    """Invert :func:`_encoded`; refuse untrusted types and, unless ``unlimited``, large numbers."""
    if depth > MAX_DEPTH:
        raise ValueError(f'the config of an index must have at most {MAX_DEPTH} levels')
    if isinstance(value, dict) and value.keys() == {TUPLE} and isinstance(value[TUPLE], list):
        return tuple(_decoded(each, registry, depth + 1, unlimited) for each in value[TUPLE])
    if isinstance(value, list):
        return [_decoded(each, registry, depth + 1, unlimited) for each in value]
    if isinstance(value, dict):
        if 'type' in value:
            _check_type(value['type'], registry)
        for key in value:
            if key.startswith('_') or key in (*DROPPED, 'custom_imports'):
                raise ValueError(f'the config of an index must not have the key {_cut(key)}')
        return {
            key: _decoded(each, registry, depth + 1, key in UNLIMITED)
            for key, each in value.items()
        }
    number = isinstance(value, int | float) and not unlimited
    if number and not abs(value) <= MAX_NUMBER[registry]:
        raise ValueError(
            f'numbers in the {registry.name} settings of an index must be at most '
            f'{MAX_NUMBER[registry]:,}, got {_cut(value)}'
        )
    return value


def _check_type(name: Any, registry: Registry) -> None:
    """Refuse a ``type`` that is not the registered name of a harmless class."""
    cls = None
    if isinstance(name, str) and re.fullmatch(r'[\w-]+', name) and name not in REFUSED:
        cls = _registered(registry).get(name)
    module = getattr(cls, '__module__', None) or 'functools'
    of_framework = module.partition('.')[0] in FRAMEWORKS
    if cls is None or (of_framework and not f'{module}.'.startswith(MODULES)):
        raise ValueError(
            f'the config of an index may only build registered {registry.name}s that need nothing '
            f'but their settings, by their plain names, got type {_cut(name)}. Import the module '
            'of your own class before'
        )


def _registered(registry: Registry) -> dict[str, type]:
    """Classes by the names that a registry and its parents know without importing a module."""
    registry.import_from_location()
    found = dict(registry.module_dict)
    while registry.parent is not None:
        registry = registry.parent
        found = {**registry.module_dict, **found}
    return found


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f'{text[:77]}...'
