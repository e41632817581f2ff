"""Configs as read with the command line: all their loaders read images alike."""

import pytest
from mmengine.config import Config

from npid_mm.cli.common.options import parse_options
from npid_mm.config.read_config import read_config
from npid_mm.config.tree import dicts
from npid_mm.datasets import LoadImage
from tests.toy import ROOT

FOLDER = ROOT / 'configs/selfsup/npid/npid-exact_resnet18-w32_1xb64-coslr-60e_folder.py'
CONFIGS = sorted(
    path
    for folder in ('selfsup/_base_/datasets', 'benchmarks/classification/_base_/datasets')
    for path in (ROOT / 'configs' / folder).glob('*.py')
)


def loading_steps(cfg):
    """List the steps of a config that load an image."""
    return [step for _, step in dicts(cfg) if str(step.get('type', '')).startswith('Load')]


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_all_loaders_of_a_config_have_the_same_reader(path):
    steps = loading_steps(Config.fromfile(path))
    assert {step['type'] for step in steps} <= {'LoadImage', 'LoadRandomResizedCrop'}
    readers = {repr(LoadImage(**_reading(step)).reader) for step in steps}
    assert len(readers) <= 1


def _reading(step: dict) -> dict:
    return {key: step[key] for key in ('background', 'value_range', 'max_pixels') if key in step}


def test_settings_of_the_command_line_reach_every_loader():
    options = parse_options(['value_range=(0,4095)', 'background=(0,0,0)'])
    steps = loading_steps(read_config(FOLDER, options))
    kinds = [step['type'] for step in steps]
    assert kinds.count('LoadRandomResizedCrop') >= 1 and kinds.count('LoadImage') >= 3
    for step in steps:
        assert list(step['value_range']) == [0, 4095] and list(step['background']) == [0, 0, 0]
