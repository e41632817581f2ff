"""Register the published models with MMPretrain's hub, and load their weights safely."""

import re
from functools import cache

from mmengine.runner import CheckpointLoader
from mmpretrain.apis.model import ModelHub
from modelindex.load_model_index import load

from npid_mm.utils.paths import MIM

from .mmengine_loader import load_from_npid_mm

METAFILE = MIM / 'configs/selfsup/npid/metafile.yml'


@cache
def register_models() -> None:
    """Register the published models, so that MMPretrain lists, builds and loads them by name.

    Only their published weights are read as untrusted files are. With ``pretrained=FILE``,
    ``mmpretrain.get_model`` and ``FeatureExtractor`` execute code in the file, unless
    :func:`npid_mm.checkpoints.register_loader` was called before.
    """
    ModelHub.register_model_index(METAFILE, config_prefix=MIM)
    # MMEngine takes URLs as patterns; files of other models stay with its own loader
    CheckpointLoader.register_scheme(
        [re.escape(url) for url in zoo_weights().values()], load_from_npid_mm
    )


def zoo_weights() -> dict[str, str]:
    """Map the names of the models with published weights to the URLs of the weights."""
    return {model.name: model.weights for model in load(str(METAFILE)).models if model.weights}


def weights_url(name: str) -> str:
    """Return the URL of a model's weights; a URL is returned as it is.

    Raises:
        ValueError: If no model with published weights has this name.
    """
    if '://' in name:
        return name
    weights = zoo_weights()
    if name not in weights:
        raise ValueError(
            f'NAME must be a URL or a model with published weights ({", ".join(weights)}), '
            f'got {name!r}'
        )
    return weights[name]
