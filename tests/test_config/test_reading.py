"""How the configs read images."""

import pytest
from mmengine.config import Config

from npid_mm.cli.options import parse_options
from npid_mm.config.reading import read_config
from npid_mm.datasets import LoadImage
from tests.toy import ROOT

FOLDER = ROOT / 'configs/selfsup/npid/npid-exact_resnet18-w32_1xb64-coslr-60e_folder.py'
CONFIGS = sorted(
    path
    for folder in ('selfsup/_base_/datasets', 'benchmarks/classification/_base_/datasets')
    for path in (ROOT / 'configs' / folder).glob('*.py')
)


def loading_steps(value) -> list[dict]:
    """Every step of a config that loads an image."""
    if isinstance(value, dict):
        own = [value] if str(value.get('type', '')).startswith('Load') else []
        return own + [step for each in value.values() for step in loading_steps(each)]
    if isinstance(value, (list, tuple)):
        return [step for each in value for step in loading_steps(each)]
    return []


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_all_loaders_of_a_config_read_alike(path):
    steps = loading_steps(Config.fromfile(path).to_dict())
    assert {step['type'] for step in steps} <= {'LoadImage', 'LoadRandomResizedCrop'}
    readers = {repr(LoadImage(**_reading(step)).reader) for step in steps}
    assert len(readers) <= 1


def _reading(step: dict) -> dict:
    return {key: step[key] for key in ('background', 'value_range', 'max_pixels') if key in step}


def test_the_settings_of_the_command_line_reach_every_loader():
    options = parse_options(['value_range=(0,4095)', 'background=(0,0,0)'])
    steps = loading_steps(read_config(FOLDER, options).to_dict())
    kinds = [step['type'] for step in steps]
    assert kinds.count('LoadRandomResizedCrop') >= 1 and kinds.count('LoadImage') >= 3
    for step in steps:
        assert list(step['value_range']) == [0, 4095] and list(step['background']) == [0, 0, 0]
