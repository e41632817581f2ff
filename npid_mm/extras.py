"""Check that optional dependencies are installed, and name the pip command that installs them."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from .version_gate import installed_versions

OPS = 'mmcv._ext'  # the compiled operators, which mmcv's wheel on the package index lacks
# import name -> extra of npid-mm, named after its purpose
EXTRAS = {'mmdet': 'detection', 'mmseg': 'segmentation'}
# import name -> name for pip, and extra; these belong to neither family
OPTIONAL = {
    'cv2': ('opencv-contrib-python-headless', 'proposals'),  # for its extra modules
    'faiss': ('faiss-cpu', 'search'),
    'onnx': ('onnx', 'export'),
    'onnxruntime': ('onnxruntime', 'search'),
    'pyarrow': ('pyarrow', 'parquet'),
    'safetensors': ('safetensors', 'convert'),
    'tifffile': ('tifffile', 'formats'),
    'timm': ('timm', 'backbones'),
    'umap': ('umap-learn', 'pictures'),
}
INSTALL = "pip install 'npid-mm[{}]'"  # of an extra
OFFICIAL = (
    "This environment has OpenMMLab's own packages, and npid-mm's extras are for the onedl ones, "
    'which must not be mixed. Install {} and mmcv with operators by the instructions of OpenMMLab, '
    'or make an environment with the onedl packages'
)


class MissingExtraError(ImportError):
    """A package or the compiled operators of mmcv are missing, or cannot be used."""


def check_extra(package: str) -> None:
    """Check that a package and the compiled operators of mmcv can be imported.

    Args:
        package (str): 'mmdet' or 'mmseg'.

    Raises:
        MissingExtraError: If the package is not installed, or mmcv has no compiled operators, or
            they are for another torch. The message has the command to type.
    """
    purpose = EXTRAS[package]
    onedl = any(name.startswith('onedl-') for name in installed_versions())
    if find_spec(package) is None:
        raise _missing(purpose, package, _install(purpose) if onedl else OFFICIAL.format(package))
    build = 'Type: npid install-ops' if onedl else OFFICIAL.format(package)
    if find_spec(OPS) is None:
        raise MissingExtraError(
            f'{purpose} needs the compiled operators of mmcv ({OPS}), and the installed mmcv has '
            f'none: its wheel on the package index is pure Python.\n{build}'
        )
    try:
        import_module(OPS)
    except ImportError as error:
        import torch

        raise MissingExtraError(
            f'{purpose} needs the compiled operators of mmcv, and the installed ones cannot be '
            f'loaded with torch {torch.__version__}; they may be for another one: {error}.\n{build}'
        ) from error


def optional_module(name: str, purpose: str) -> ModuleType:
    """Import a module that an extra of npid-mm installs.

    Args:
        name (str): Name of a package of :data:`OPTIONAL`, or of a module in one.
        purpose (str): What needs it, for the message.

    Raises:
        MissingExtraError: If the package is not installed. The message has the command to type.
    """
    package = name.partition('.')[0]
    distribution, extra = OPTIONAL[package]
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if str(error.name).partition('.')[0] != package:  # a dependency of it is missing
            raise
        raise _missing(purpose, distribution, _install(extra)) from error


def _install(extra: str) -> str:
    return f'Type: {INSTALL.format(extra)}'


def _missing(purpose: str, package: str, fix: str) -> MissingExtraError:
    return MissingExtraError(f'{purpose} needs {package}, which is not installed.\n{fix}')
