"""The API reference: its example, and the docstrings that it is made of."""

import importlib
import inspect
import re

import pytest

from tests.pages import blocks
from tests.toy import ROOT

MARKED = [
    each
    for each in blocks(ROOT / 'docs/api.md', 'python')
    if each.mark == 'run by tests/test_docs/test_api.py'
]
LOOP, EXAMPLE = MARKED
ROOMS = ('losses', 'evaluation', 'models', 'engine', 'retrieval', 'checkpoints')


def test_api_example_runs(capsys):
    exec(EXAMPLE.code, {})
    # the rows asked with lie in the bank, and nothing else is as near as they are
    assert capsys.readouterr().out.strip() == 'tensor([0, 1, 2, 3, 4])'


@pytest.mark.slow
def test_the_plain_loop_learns(capsys):
    """One of its epochs, which is enough to find most digits by their neighbors."""
    exec(LOOP.code.replace('range(5)', 'range(1)'), {})
    found = re.fullmatch(r'epoch 1: loss [0-9.]+, kNN ([0-9.]+)%\n', capsys.readouterr().out)
    assert float(found[1]) > 80


@pytest.mark.parametrize('room', ROOMS)
def test_public_names_describe_their_arguments(room):
    """What the reference is made of: a docstring a name, and in it each argument of our own.

    Arguments that a class leaves to its base upstream are described there; a function of one
    argument may describe it without its name.
    """
    names = importlib.import_module(f'npid_mm.{room}').__all__
    assert names
    for name in names:
        value = getattr(importlib.import_module(f'npid_mm.{room}'), name)
        if not callable(value):
            continue
        owners = own_classes(value) if inspect.isclass(value) else [value]
        # not inspect.getdoc, which would take that of an upstream base
        assert owners[0].__doc__, f'npid_mm.{room}.{name} has no docstring'
        text = ' '.join(owner.__doc__ or '' for owner in owners)
        arguments = own_arguments(value, owners)
        if len(arguments) == 1 and not inspect.isclass(value):
            continue
        for argument in arguments:
            assert re.search(rf'\b{argument}\b', text), f'npid_mm.{room}.{name}: {argument}'


def own_classes(value):
    """The class and its bases, those of this package only."""
    return [each for each in value.__mro__ if each.__module__.startswith('npid_mm')]


def own_arguments(value, owners):
    """Names of the arguments that this package gives a function or a class."""
    if inspect.isclass(value):
        makers = [owner.__init__ for owner in owners if '__init__' in vars(owner)]
        if not makers:
            return []
        value = makers[0]
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(value).parameters.values()
    return [each.name for each in parameters if each.kind not in kinds and each.name != 'self']
