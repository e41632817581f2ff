"""Registration of all classes of npid_mm, before MMEngine or a package that uses it is imported.

``import npid_mm`` alone imports no framework, so that the ``npid`` command starts quickly and an
index can be searched where torch is not installed. Configs still need only
``custom_imports=dict(imports=['npid_mm'])``: MMEngine is imported by then.
"""

import functools
import importlib
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from .version_gate import check_versions, installed_versions, name_clashes

# in the order of their imports
REGISTERED = ('checkpoints', 'datasets', 'engine', 'evaluation', 'models')
ONEDL = 'Could not import OneDL'
TRIGGERS = {
    # all that import one another, as only the first import has no half imported module above it
    *('mmengine', 'mmcv', 'mmpretrain', 'mmdet', 'mmseg'),
    *(f'npid_mm.{name}' for name in (*REGISTERED, 'analysis', 'config', 'registry', 'suites')),
}


def register() -> None:
    """Check the installed versions and register all classes into MMPretrain's registries.

    It does not change how MMEngine and MMPretrain load checkpoints: see
    :func:`npid_mm.checkpoints.register_loader`.

    Raises:
        ImportError: If a framework is missing or of a version that is known not to work.
    """
    installed = installed_versions()
    check_versions(installed)
    for clash in name_clashes(installed):
        warnings.warn(clash, stacklevel=2)
    # mmcv warns at each start that its compiled operators are missing, which most uses do not need.
    warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')

    from mmengine.config.utils import MODULE2PACKAGE

    _quiet_onedl()
    for name in REGISTERED:
        importlib.import_module(f'npid_mm.{name}')
    from .checkpoints.hub import register_models
    from .deprecated_names import register_deprecated_names

    # Packages that a config may inherit from, `_base_ = 'mmseg::...'`. MMEngine looks for the
    # distribution mmsegmentation, which has another name in the onedl set, and does not know
    # npid_mm.
    MODULE2PACKAGE.update(mmseg='mmseg', npid_mm='npid_mm')
    register_models()
    register_deprecated_names()


def _quiet_onedl() -> None:
    """Leave out what the onedl packages print where the library of their vendor is missing."""
    from mmengine import logging

    original = logging.print_log

    @functools.wraps(original)
    def print_log(msg: Any, *args: Any, **kwargs: Any) -> None:
        if not str(msg).startswith(ONEDL):
            original(msg, *args, **kwargs)

    if not hasattr(original, '__wrapped__'):
        logging.print_log = print_log


class RegisterBeforeImport(MetaPathFinder, Loader):
    """Import hook that calls :func:`register` when a module of :data:`TRIGGERS` is imported.

    It acts before that import begins, so no module is half imported when the classes register.
    """

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Register everything, and return a spec of the module, which is imported by then."""
        if name not in TRIGGERS:
            return None
        # another list, as the import system is iterating over this one
        sys.meta_path = [each for each in sys.meta_path if each is not self]
        try:
            register()
            self.module = importlib.import_module(name)
        except BaseException:
            sys.meta_path.insert(0, self)
            raise
        # with a spec in the module, the import system would use that, and execute it again
        self.spec, self.module.__spec__ = self.module.__spec__, None
        return ModuleSpec(name, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the imported module."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Restore the module's own spec, which the import system has replaced."""
        module.__spec__ = self.spec


def register_on_demand() -> None:
    """Register now if MMEngine is imported, otherwise before it is."""
    if sys.modules.get('mmengine'):
        register()
    else:
        sys.meta_path.insert(0, RegisterBeforeImport())
