"""NPID (non-parametric instance discrimination) for MMEngine and MMPretrain.

Importing the package checks the installed versions and registers its classes into MMPretrain's
registries, so that `custom_imports=dict(imports=['npid_mm'])` is all that a config needs.
"""

import warnings

from .version import __version__
from .version_gate import check_versions, installed_versions

check_versions(installed_versions())

# mmcv says so at each start where its compiled operators are missing, which detection alone needs.
warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')

# Only now: these import the frameworks, which an environment that the gate refuses may not have.
from . import checkpoints, datasets, engine, evaluation, losses, models  # noqa: E402

__all__ = ['__version__', 'checkpoints', 'datasets', 'engine', 'evaluation', 'losses', 'models']
