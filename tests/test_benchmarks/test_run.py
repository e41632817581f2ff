"""The script that writes benchmark results into the pages."""

import importlib.util

import pytest

from tests.toy import ROOT


@pytest.fixture
def run():
    spec = importlib.util.spec_from_file_location('run', ROOT / 'benchmarks/run.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_section_is_replaced_and_the_rest_of_the_page_kept(run, tmp_path):
    page = tmp_path / 'page.md'
    page.write_text('before\n<!-- begin knn -->\nold\n<!-- end knn -->\nafter\n')
    run.write(page, 'knn', run.section('knn', r'a \1 box', ['knn.py', '--peer-python', 'PEER']))
    text = page.read_text()
    assert text.startswith('before\n<!-- begin knn -->\n`python benchmarks/knn.py --peer-python')
    assert '```text\na \\1 box\n```' in text and 'old' not in text
    assert text.endswith('<!-- end knn -->\nafter\n')
    assert list(tmp_path.iterdir()) == [page]


def test_a_page_without_the_section_is_not_changed(run, tmp_path):
    page = tmp_path / 'page.md'
    page.write_text('nothing here')
    with pytest.raises(ValueError, match='page.md has no section knn'):
        run.write(page, 'knn', 'text')
    assert page.read_text() == 'nothing here'


def test_every_section_has_a_script_and_markers(run):
    for name, (page, (script, *_)) in run.SECTIONS.items():
        assert (ROOT / 'benchmarks' / script).is_file()
        assert f'<!-- begin {name} -->' in (run.DOCS / page).read_text()


def test_unknown_names_are_refused(run, monkeypatch, capsys):
    monkeypatch.setattr('sys.argv', ['run.py', 'nothing'])
    with pytest.raises(SystemExit, match='2'):
        run.main()
    assert 'no benchmark nothing; there are environment' in capsys.readouterr().err
