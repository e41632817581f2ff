"""Examples of the docs, taken from the pages as they stand."""

import importlib
import inspect
import re

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from torch.utils.data import ConcatDataset

from npid_mm.datasets import check_instances, dataset_labels
from npid_mm.models import ExactSoftmaxHead, MemoryBank
from npid_mm.retrieval import build_approximate
from npid_mm.version_gate import check_versions
from tests.toy import ROOT, on_small_data

ROOMS = ('losses', 'evaluation', 'models', 'engine', 'retrieval', 'zoo')


def blocks(page):
    """Python blocks of a page."""
    return re.findall(r'```python\n(.*?)```', (ROOT / page).read_text(), re.DOTALL)


@pytest.fixture
def example(digits, tmp_path):
    """The config of docs/your_data.md, its folders replaced by those of the digits."""
    (text,) = [block for block in blocks('docs/your_data.md') if '_base_' in block]
    text = text.replace('/data/images', str(digits)).replace('/data/lists', str(digits))
    path = tmp_path / 'my_config.py'
    path.write_text(text.replace("'configs/", f"'{ROOT}/configs/"))
    return Config.fromfile(path)


def test_your_data_example_finds_its_images_in_every_loader(example, digits):
    sets = [
        example.train_dataloader.dataset.dataset,
        example.test_cfg.reference.dataset,
        example.val_dataloader.dataset,
        example.test_dataloader.dataset,
    ]
    lists = [f'{digits}/{name}.txt' for name in ('train', 'train', 'val', 'val')]
    assert [each.ann_file for each in sets] == lists
    assert {each.data_root for each in sets} == {str(digits)}


def test_your_data_example_trains(example, digits, tmp_path):
    Runner.from_cfg(on_small_data(example, {'CustomDataset': digits}, tmp_path / 'run')).train()
    assert (tmp_path / 'run/epoch_1.pth').is_file()


def test_commands_and_links_name_files_that_exist():
    pages = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', *(ROOT / 'docs').glob('*.md')]
    for page in pages:
        text = page.read_text()
        for name in re.findall(r'\b((?:tools|benchmarks|configs)/[\w/.-]+\.(?:py|sh))\b', text):
            assert (ROOT / name).is_file(), f'{page.name} names {name}'
        for link in re.findall(r'\]\((?!http)([^)#]+)', text):
            assert (page.parent / link).exists(), f'{page.name} links to {link}'


def test_every_recipe_is_on_its_page_and_no_other():
    """A config that nobody names is not found, and a name without a config does not run."""
    text = (ROOT / 'docs/pretraining.md').read_text()
    named = re.findall(r'^\| `(npid[\w-]+)` \|', text, re.MULTILINE)
    assert sorted(named) == sorted(p.stem for p in (ROOT / 'configs/selfsup/npid').glob('*.py'))


@pytest.mark.parametrize(
    ('page', 'folder'),
    [
        ('classification', 'classification'),
        ('detection', 'mmdetection'),
        ('segmentation', 'mmsegmentation'),
    ],
)
def test_every_benchmark_is_on_its_page(page, folder):
    text = (ROOT / f'docs/{page}.md').read_text()
    paths = list((ROOT / f'configs/benchmarks/{folder}').glob('[!_]*/*.py'))
    assert paths
    for path in paths:
        assert f'`{path.relative_to(ROOT / "configs/benchmarks" / folder)}`' in text


def test_every_page_is_linked_from_the_readme():
    """A page that no one links to is not read."""
    text = (ROOT / 'README.md').read_text()
    for page in (ROOT / 'docs').glob('*.md'):
        assert f'docs/{page.name}' in text, f'README.md does not link to docs/{page.name}'


def test_api_example_runs(capsys):
    (code,) = blocks('docs/api.md')
    exec(code, {})
    # the rows asked with lie in the bank, and nothing else is as near as they are
    assert capsys.readouterr().out.strip() == 'tensor([0, 1, 2, 3, 4])'


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


class Unlabelled(list):
    """Images without labels, as MMEngine's data sets describe them."""

    def get_data_info(self, index):
        return {'img_path': self[index]}


def of_two_parts():
    """A concatenation whose parts count from 0 each."""
    part = [{'data_samples': DataSample(metainfo={'sample_idx': i})} for i in range(20)]
    return ConcatDataset([part, part])


OFFICIAL = {
    'torch': '2.10.0',
    'mmengine': '0.10.7',
    'mmcv-lite': '2.1.0',
    'mmpretrain': '1.2.0',
}


@pytest.mark.parametrize(
    'mistake',
    [
        lambda: MemoryBank(length=25).set_length(20),
        lambda: MemoryBank(length=20).check_index(torch.tensor([20])),
        lambda: check_instances(of_two_parts()),
        lambda: check_instances([{'data_samples': DataSample()}]),
        lambda: dataset_labels(Unlabelled(['image.jpg'])),
        lambda: ExactSoftmaxHead(temperature=0),
        lambda: build_approximate([None] * 200),
        lambda: check_versions({**OFFICIAL, 'onedl-mmengine': '0.10.12'}),
        lambda: check_versions(OFFICIAL),
    ],
)
def test_faq_has_the_messages_as_they_are_printed(mistake):
    """A user searches the page for what stands on the screen."""
    with pytest.raises((ValueError, IndexError, KeyError, ImportError)) as caught:
        mistake()
    printed = str(caught.value.args[0]).partition('\n')[0].rstrip('.')
    text = (ROOT / 'docs/faq.md').read_text()
    quoted = [
        ' '.join(each.split()).rstrip('.') for each in re.findall(r'(?<!`)`([^`]+)`(?!`)', text)
    ]
    # long ones are cut off behind what says which error it is
    assert any(printed.startswith(each) for each in quoted if len(each) > 25), printed


def commands():
    """(page, tool, its options) of each command of the pages that names a Python tool."""
    for page in [ROOT / 'README.md', *(ROOT / 'docs').glob('*.md')]:
        for block in re.findall(r'```shell\n(.*?)```', page.read_text(), re.DOTALL):
            for line in re.sub(r'\\\n\s*', '', block).splitlines():
                call = re.match(r'\s*python (tools/[\w/]+\.py)([^#]*)', line)
                if call:
                    options = re.findall(r'(?<=\s)--[a-z-]+', call[2])
                    yield page.name, call[1], options


def test_commands_have_options_that_their_tools_know():
    """Each option of a command stands in the tool or in the module that shares it."""
    found = list(commands())
    assert any(options for _, _, options in found)
    for page, tool, options in found:
        text = (ROOT / tool).read_text()
        modules = re.findall(r'from (npid_mm\.engine\.\w+) import', text)
        shared = [ROOT / f'{name.replace(".", "/")}.py' for name in modules]
        known = ''.join([text, *(path.read_text() for path in shared)])
        for option in options:
            made = "f'--{" in known and f"'{option[2:]}'" in known  # in a loop over names
            assert f"'{option}'" in known or made, f'{page}: {tool} has no {option}'
