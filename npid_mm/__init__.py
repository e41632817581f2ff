"""NPID (non-parametric instance discrimination) for MMEngine and MMPretrain.

Importing the package checks the installed versions and registers its classes into MMPretrain's
registries: a config only needs ``custom_imports=dict(imports=['npid_mm'])``.

It does not change how MMEngine and MMPretrain load checkpoints: call
``npid_mm.checkpoints.register_loader()`` before ``mmpretrain.get_model(name, pretrained=FILE)``
with an untrusted file.
"""

import warnings

from .version import __version__
from .version_gate import check_versions, installed_versions

check_versions(installed_versions())

# mmcv warns at each start that its compiled operators are missing, which most uses do not need.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')

# After the check: these import the frameworks, which a rejected environment may lack.
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

# Packages that a config may inherit from, `_base_ = 'mmseg::...'`. MMEngine looks for the
# distribution mmsegmentation, which has another name in the onedl set, and does not know npid_mm.
MODULE2PACKAGE.update(mmseg='mmseg', npid_mm='npid_mm')

register_models()
register_deprecated_names()
