"""NPID (non-parametric instance discrimination) for MMEngine and MMPretrain.

Importing the package checks the installed versions and registers its classes into MMPretrain's
registries, so that `custom_imports=dict(imports=['npid_mm'])` is all that a config needs.

It does not change how MMEngine and MMPretrain load checkpoints: before `mmpretrain.get_model(name,
pretrained=FILE)` with a file that you do not trust, call `npid_mm.checkpoints.register_loader()`.
"""

import warnings

from .version import __version__
from .version_gate import check_versions, installed_versions

check_versions(installed_versions())

# mmcv says so at each start where its compiled operators are missing, which most uses do not need.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')

# Only now: these import the frameworks, which an environment that the gate refuses may not have.
from mmengine.config.utils import MODULE2PACKAGE  # noqa: E402

from . import checkpoints, datasets, engine, evaluation, losses, models, retrieval  # noqa: E402
from .checkpoints.hub import register_models  # noqa: E402
from .deprecated_names import register_deprecated_names  # noqa: E402
from .retrieval import ImageRetriever  # noqa: E402

__all__ = [
    'ImageRetriever',
    '__version__',
    'checkpoints',
    'datasets',
    'engine',
    'evaluation',
    'losses',
    'models',
    'retrieval',
]

# Packages that a config may inherit from, `_base_ = 'mmseg::...'`. MMEngine asks for the
# distribution mmsegmentation, which the onedl set names otherwise, and knows no npid_mm.
MODULE2PACKAGE.update(mmseg='mmseg', npid_mm='npid_mm')

register_models()
register_deprecated_names()
