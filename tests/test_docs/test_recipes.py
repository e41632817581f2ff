"""Configs that the pages name, against those in the tree."""

import re

import pytest

from tests.toy import ROOT


def test_every_recipe_is_on_its_page_and_no_other():
    text = (ROOT / 'docs/pretraining.md').read_text()
    named = re.findall(r'^\| `(npid[\w-]+)` \|', text, re.MULTILINE)
    assert sorted(named) == sorted(p.stem for p in (ROOT / 'configs/selfsup/npid').glob('*.py'))


@pytest.mark.parametrize(
    ('page', 'folder'),
    [
        ('evaluation', 'classification'),
        ('detection', 'mmdetection'),
        ('segmentation', 'mmsegmentation'),
    ],
)
def test_every_benchmark_that_a_page_names_is_in_the_tree(page, folder):
    text = (ROOT / f'docs/{page}.md').read_text()
    named = re.findall(r'`([\w]+/[\w.-]+\.py)`', text)
    configs = [each for each in named if not each.startswith(('tools/', 'benchmarks/'))]
    assert len(configs) > 1
    for each in configs:
        assert (ROOT / 'configs/benchmarks' / folder / each).is_file(), each
