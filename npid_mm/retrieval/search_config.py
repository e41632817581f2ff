"""The part of a config that an index keeps: data, from which only registered names are built."""

import json
import re

from mmengine.config import Config
from mmengine.registry import Registry
from mmpretrain.registry import MODELS, TRANSFORMS

from npid_mm.config.preprocessor import preprocessor_config
from npid_mm.engine.features import check_level
from npid_mm.engine.inference import check_config, index_feature

PARTS = {'backbone': MODELS, 'neck': MODELS, 'data_preprocessor': MODELS, 'pipeline': TRANSFORMS}
TUPLE = '_tuple_'
# the frameworks' classes that need nothing but their settings; some others evaluate strings
# (torchvision/ConvertImageDtype), build by other names (Albu), or load files and addresses
MODULES = (
    'torch.nn.', 'mmcv.cnn.bricks.', 'mmcv.transforms.', 'mmengine.utils.dl_utils.',
    'mmpretrain.models.backbones.', 'mmpretrain.models.necks.',
    'mmpretrain.models.utils.data_preprocessor', 'mmpretrain.models.utils.norm',
    'mmpretrain.datasets.transforms.formatting', 'mmpretrain.datasets.transforms.processing',
)  # fmt: skip
FRAMEWORKS = {'torch', 'torchvision', 'functools', 'mmcv', 'mmengine', 'mmpretrain'}
REFUSED = {'TIMMBackbone', 'Albumentations', 'Albu', 'MultiModalDataPreprocessor'}
LARGEST = {MODELS: 1 << 16, TRANSFORMS: 1 << 12}  # numbers; in a pipeline they are pixels
CHECKED = ('max_pixels', 'value_range')  # no sizes, and ImageReader has limits of its own
MOST_BYTES = 1 << 18
MOST_DEPTH = 20
DROPPED = ('init_cfg', 'pretrained')  # all weights come from the checkpoint


def search_config(cfg: Config) -> Config:
    """The part of a config that embeds an image, without what only a training needs.

    Args:
        cfg (Config): Config of a pretraining or of a kNN evaluation.

    Returns:
        Config: Backbone, neck, data preprocessor, test pipeline and feature, as an index gives
        them back.

    Raises:
        ValueError: It is of another kind, or builds what an index cannot keep: see
            :func:`from_json`.
    """
    check_config(cfg)
    return from_json(as_json(cfg))


def as_json(cfg: Config) -> dict:
    """What an index stores of a config."""
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


def from_json(content: dict) -> Config:
    """Config of what an index stores, which is data from anywhere.

    Each ``type`` in it must be the plain name of a registered model or transform that needs nothing
    but its settings. Nothing is imported for it: import the module of a class of your own before.

    Args:
        content (dict): What :func:`as_json` gave.

    Returns:
        Config: What :func:`~npid_mm.engine.inference.load_network` takes.

    Raises:
        ValueError: It has other keys, a ``type`` that is not such a name, a key that begins with an
            underscore, a number that is too large, or is too long or too deep.
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
    if length > MOST_BYTES:
        raise ValueError(f'the config of an index must have at most {MOST_BYTES:,} bytes')
    parts = {name: _decoded(content[name], registry) for name, registry in PARTS.items()}
    for name in ('backbone', 'data_preprocessor'):
        _check_built(name, parts[name])
    if parts['neck'] is not None:
        _check_built('neck', parts['neck'])
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


def _check_built(name: str, value) -> None:
    if not (isinstance(value, dict) and 'type' in value):
        raise ValueError(f'the {name} of an index must be a dict with a type, got {_cut(value)}')


def _encoded(value):
    """A value of a config as JSON holds it; classes by their registered names."""
    if isinstance(value, dict):
        return {key: _encoded(each) for key, each in value.items() if key not in DROPPED}
    if isinstance(value, tuple):
        return {TUPLE: [_encoded(each) for each in value]}
    if isinstance(value, list):
        return [_encoded(each) for each in value]
    if isinstance(value, type):
        named = (_registered(registry).items() for registry in LARGEST)
        return next((name for each in named for name, cls in each if cls is value), str(value))
    return value


def _decoded(value, registry: Registry, depth: int = 0, checked: bool = False):
    """The inverse of :func:`_encoded`, refusing what may not be built; a ``checked`` number may."""
    if depth > MOST_DEPTH:
        raise ValueError(f'the config of an index must have at most {MOST_DEPTH} levels')
    if isinstance(value, dict) and value.keys() == {TUPLE} and isinstance(value[TUPLE], list):
        return tuple(_decoded(each, registry, depth + 1, checked) for each in value[TUPLE])
    if isinstance(value, list):
        return [_decoded(each, registry, depth + 1, checked) for each in value]
    if isinstance(value, dict):
        if 'type' in value:
            _check_type(value['type'], registry)
        for key in value:
            if key.startswith('_') or key in (*DROPPED, 'custom_imports'):
                raise ValueError(f'the config of an index must not have the key {_cut(key)}')
        return {
            key: _decoded(each, registry, depth + 1, key in CHECKED) for key, each in value.items()
        }
    number = isinstance(value, int | float) and not checked
    if number and not abs(value) <= LARGEST[registry]:
        raise ValueError(
            f'numbers in the {registry.name} settings of an index must be at most '
            f'{LARGEST[registry]:,}, got {_cut(value)}'
        )
    return value


def _check_type(name, registry: Registry) -> None:
    """Refuse a ``type`` unless it is registered under just this name and may be built."""
    cls = None
    if isinstance(name, str) and re.fullmatch(r'[\w-]+', name) and name not in REFUSED:
        cls = _registered(registry).get(name)
    module = getattr(cls, '__module__', None) or 'functools'
    of_framework = module.partition('.')[0] in FRAMEWORKS
    if cls is None or (of_framework and not f'{module}.'.startswith(MODULES)):
        raise ValueError(
            f'the config of an index may only build registered {registry.name}s that need nothing '
            f'but their settings, by their plain names, got type {_cut(name)}. Import the module '
            'of one of your own before'
        )


def _registered(registry: Registry) -> dict[str, type]:
    """What a name stands for in a registry and its parents, where nothing is imported for it."""
    registry.import_from_location()
    found = dict(registry.module_dict)
    while registry.parent is not None:
        registry = registry.parent
        found = {**registry.module_dict, **found}
    return found


def _cut(value) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f'{text[:77]}...'
