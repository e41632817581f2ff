"""Every config is named on its page."""

import re

import pytest

from tests.toy import ROOT


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
