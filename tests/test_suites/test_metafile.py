"""Published figures: one copy in the metafiles, and tables that are made from it."""

import re

import pytest

from npid_mm.suites import SUITES
from npid_mm.suites.classification import EMBEDDING
from npid_mm.suites.metafile import Published, read_published, rows_of
from npid_mm.suites.model_page import PAGE
from npid_mm.suites.suite import Benchmark, Column, Suite, Table
from tests.pages import pages
from tests.toy import ROOT

PUBLISHED = read_published(ROOT)
# published figures that no measurement of this project has by chance
RARE = {79.52, 76.75, 65.45, 48.71, 57.97, 80.03, 26.96, 81.39}


def test_every_published_figure_is_in_a_table():
    shown = [
        figure
        for suite in (*SUITES.values(), EMBEDDING)
        for table in suite.tables
        for row in rows_of(suite, table, PUBLISHED).values()
        for figure in row.values()
    ]
    assert sorted(shown) == sorted(x for each in PUBLISHED for x in each.figures.values())
    assert all(0 < figure < 100 for figure in shown)


def test_rows_match_config_and_heading():
    """A row holds the figures of one source; a figure of another config is left out."""
    suite = Suite(
        (Benchmark('a', 'a.py', None), Benchmark('b', 'b.py', None)),
        (Table('T', (Column('x', 'a', 'm'), Column('y', 'a', 'n', published='other'))),),
    )
    published = [
        Published('one', 'there', 'a.py', dict(x=1.0, y=2.0)),
        Published('one', 'there', 'a.py', dict(other=3.0)),
        Published('two', 'there', 'b.py', dict(x=4.0)),
    ]
    assert rows_of(suite, suite.tables[0], published) == dict(one=dict(x=1.0, y=3.0))


def test_no_metafiles_no_figures(tmp_path):
    assert read_published(tmp_path) == []


@pytest.mark.parametrize('figure', sorted(RARE), ids=str)
def test_figures_stand_in_a_metafile_and_on_the_generated_page_only(figure):
    assert any(figure in each.figures.values() for each in PUBLISHED)
    files = [*pages(), *(ROOT / 'npid_mm').rglob('*.py'), *(ROOT / 'configs').rglob('*.py')]
    pattern = rf'(?<![\d.]){re.escape(str(figure))}0?(?![\d.]*\d)'
    holding = [path for path in files if re.search(pattern, path.read_text())]
    assert holding == [ROOT / PAGE]
