"""The model page against the metafiles that its tables are made from."""

import shutil

import pytest

from npid_mm.suites.model_page import PAGE, render_page
from tests.toy import ROOT


def test_page_is_up_to_date():
    """After a change of a metafile or a suite: ``make model-page``."""
    assert render_page(ROOT) == (ROOT / PAGE).read_text()


@pytest.fixture
def copied(tmp_path):
    """The metafiles and the page in a folder of their own."""
    for name in (PAGE, 'model-index.yml', 'configs/benchmarks/metafile.yml'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / 'configs/selfsup/npid/metafile.yml', (tmp_path / PAGE).parent)
    return tmp_path


def test_a_changed_figure_changes_its_row_alone(copied):
    path = copied / 'configs/benchmarks/metafile.yml'
    path.write_text(path.read_text().replace('AP50: 79.52', 'AP50: 12.34'))
    before = (ROOT / PAGE).read_text().splitlines()
    after = render_page(copied).splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    row = '| MMSelfSup, MMDetection |  | {} |  |'
    assert changed == [(row.format(79.52), row.format(12.34))]


def test_a_page_without_its_comments_is_refused(copied):
    (copied / PAGE).write_text('# NPID')
    with pytest.raises(ValueError, match='README.md must have <!-- begin weights --> and'):
        render_page(copied)
