"""NPID (non-parametric instance discrimination) for MMEngine and MMPretrain.

A config needs only ``custom_imports=dict(imports=['npid_mm'])``: the classes register into
MMPretrain's registries, and the installed versions are checked, as soon as MMEngine or a package
of npid_mm that uses it is imported.

It does not change how MMEngine and MMPretrain load checkpoints: call
``npid_mm.checkpoints.register_loader()`` before ``mmpretrain.get_model(name, pretrained=FILE)``
with an untrusted file.
"""

import importlib
from typing import Any

from .registration import register_on_demand
from .utils.lazy_names import lazy_names
from .version import __version__

PACKAGES = ('checkpoints', 'datasets', 'engine', 'evaluation', 'losses', 'models', 'retrieval')
# name -> module that defines it; imported when it is used
LAZY = {
    'Embeddings': 'export.embeddings',
    'Encoder': 'api.encoder',
    'ImageRetriever': 'retrieval',
    'Run': 'api.run_folder',
    'embed': 'api.embed',
    'load': 'api.encoder',
    'pretrain': 'api.pretrain',
    'search': 'api.search',
}

_lazy_name = lazy_names(__name__, LAZY)

__all__ = ['__version__', *LAZY, *PACKAGES]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Import a package or a name of :data:`LAZY` when it is used."""
    if name in PACKAGES:
        return importlib.import_module(f'{__name__}.{name}')
    return _lazy_name(name)


def __dir__() -> list[str]:
    return sorted([*globals(), *PACKAGES, *LAZY])


register_on_demand()
