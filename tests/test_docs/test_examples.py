"""The examples of the docstrings: that public names have one, and that they run."""

import doctest
import importlib
import inspect

import numpy as np
import pytest
import torch
from PIL import Image

import npid_mm
from npid_mm import evaluation, losses, models, visualization
from tests.toy import ROOT

# the others read images and runs
SELF_CONTAINED = (
    *('losses', 'evaluation/functional', 'models', 'config/networks', 'curation'),
    *('visualization', 'checkpoints', 'images'),
)
FILES = [
    path
    for package in SELF_CONTAINED
    for path in sorted((ROOT / 'npid_mm' / package).rglob('*.py'))
    if '>>>' in path.read_text(encoding='utf-8')
]
# they need an index, a checkpoint or another file
READ_FILES = (
    *('curation/report.py', 'curation/pixels/', 'checkpoints/reader.py'),
    *('images/preprocessing.py', 'visualization/training_curve.py'),
)


@pytest.mark.parametrize(
    'path',
    [path for path in FILES if not any(part in str(path) for part in READ_FILES)],
    ids=lambda path: path.stem,
)
def test_examples_give_what_they_show(path, tmp_path, monkeypatch):
    """In a folder with an image, where pictures are written."""
    monkeypatch.chdir(tmp_path)
    Image.new('RGB', (8, 6)).save('cat.png')
    name = '.'.join(path.relative_to(ROOT).with_suffix('').parts)
    package = importlib.import_module(name.rpartition('.')[0])
    public = {each: getattr(package, each) for each in getattr(package, '__all__', ())}
    names = {'torch': torch, 'nn': torch.nn, 'np': np, **public}
    failed, run = doctest.testmod(importlib.import_module(name), extraglobs=names)
    assert run and not failed


@pytest.mark.parametrize('package', [npid_mm, evaluation, losses, models, visualization])
def test_public_names_have_an_example(package):
    """All but interfaces, which a user only derives from."""
    public = {name: getattr(package, name) for name in getattr(package, 'LAZY', package.__all__)}
    without = [
        name
        for name, value in public.items()
        if callable(value) and '>>> ' not in value.__doc__ and not inspect.isabstract(value)
    ]
    assert without == (['Statistics'] if package is losses else [])
