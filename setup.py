"""Build npid-mm. Everything but the dependencies' tables is plain setuptools."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent


def read_version() -> str:
    """Read the version as text: importing the package needs its dependencies."""
    text = (ROOT / 'npid_mm' / 'version.py').read_text(encoding='utf-8')
    return re.search(r"^__version__ = '(.+)'$", text, re.MULTILINE).group(1)


def read_readme() -> str:
    """Read the README for the index page, if this tree has one."""
    path = ROOT / 'README.md'
    return path.read_text(encoding='utf-8') if path.exists() else ''


# What searching an index needs, without PyTorch.
INSTALL_REQUIRES = [
    'numpy',
    'packaging',
    'pillow',
    'filelock>=3.21',  # sees that a file was removed by the one who held the lock on it
    'rich',
]

# What everything else needs, besides the frameworks below.
TORCH = [
    'torch>=2.4,<3',
    'torchvision',
    'kornia>=0.7',
    'scikit-learn',
    'matplotlib',
    'modelindex',
]

# The mm* packages are extras, never requirements: two families own the same folders `mmengine`,
# `mmcv` and `mmpretrain`, and a requirement would put one on top of the other. Importing npid_mm
# says what is missing.
ONEDL = [
    *TORCH,
    'onedl-mmengine>=0.10.12,<1.0',
    'onedl-mmcv>=2.3.6,<2.4',
    'onedl-mmpretrain>=1.3.6,<2.0',
]

TRACKING = ['tensorboard', 'wandb']

CONVERT = ['safetensors']

PICTURES = ['umap-learn']

EXPORT = ['onnx', 'onnxruntime']

SEARCH = ['onnxruntime', 'faiss-cpu']

# Brings libjpeg-turbo 3, with which a crop is decoded without the rest of the image. Not a
# requirement: it takes the import name of PyTurboJPEG, which mmcv's backend of that name needs.
FAST_JPEG = ['turbojpeg; sys_platform == "linux" and platform_machine == "x86_64"']

PARQUET = ['pyarrow']

BACKBONES = ['timm']

# OpenCV with its extra modules, for selective search
PROPOSALS = ['opencv-contrib-python-headless']

# TIFFs of any channels, compressed ones, and HEIC
FORMATS = ['tifffile', 'imagecodecs', 'pillow-heif']

EXTRAS = {
    'onedl': ONEDL,
    # For torch < 2.6 only. mmcv-lite, as mmcv has no wheel on PyPI; below 2.2, as the official
    # mmdet and mmseg refuse 2.2.
    'openmmlab': [
        *TORCH,
        'torch<2.6',
        'mmengine>=0.10.0,<0.11',
        'mmcv-lite>=2.0.0,<2.2',
        'mmpretrain>=1.2.0,<1.3',
    ],
    'detection': [*ONEDL, 'onedl-mmdetection>=3.5.0,<3.6', 'pycocotools'],
    'segmentation': [*ONEDL, 'onedl-mmsegmentation>=1.4.0,<1.5'],
    'backbones': BACKBONES,
    'convert': CONVERT,
    'export': EXPORT,
    'formats': FORMATS,
    'parquet': PARQUET,
    'pictures': PICTURES,
    'proposals': PROPOSALS,
    'search': SEARCH,
    'fast-jpeg': FAST_JPEG,
    'tracking': TRACKING,
    'dev': [
        *TRACKING,
        *CONVERT,
        *EXPORT,
        *PICTURES,
        *SEARCH,
        *FAST_JPEG,
        *PARQUET,
        *BACKBONES,
        *FORMATS,
        'codespell',
        'furo',
        'mypy',
        'myst-parser',
        'openmim',
        # newer ones, which openmim brings, pin old versions of requests, rich and setuptools
        'openxlab<0.0.12',
        'pre-commit',
        'PySide6-WebEngine',  # carries a Chromium, for the tests of pages
        'pytest',
        'pytest-xdist',
        'ruff',
        'scipy',
        'Sphinx',
        'sphinx-copybutton',
        'setuptools>=77,<81',  # builds wheels by itself; openmim and mmcv need its pkg_resources
    ],
}

setup(
    name='npid-mm',
    version=read_version(),
    description='NPID (non-parametric instance discrimination) for MMEngine and MMPretrain',
    long_description=read_readme(),
    long_description_content_type='text/markdown',
    author='The npid_mm authors',
    license='Apache-2.0',
    license_files=['LICENSE'],
    keywords='self-supervised learning, instance discrimination, memory bank, NCE, kNN',
    classifiers=[
        'Development Status :: 4 - Beta',
        'Intended Audience :: Science/Research',
        'Programming Language :: Python :: 3',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
    ],
    packages=find_packages(include=['npid_mm', 'npid_mm.*']),
    package_data={
        'npid_mm': [
            # the model zoo: configs, tools and index, which .mim links to in the tree
            *(f'.mim/**/*.{suffix}' for suffix in ('py', 'sh', 'yml', 'md')),
            'visualization/assets/*',
            'py.typed',
        ]
    },
    entry_points={'console_scripts': ['npid = npid_mm.cli.main:main']},
    python_requires='>=3.10',
    install_requires=INSTALL_REQUIRES,
    extras_require=EXTRAS,
)
