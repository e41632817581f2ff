"""tools/benchmark.py with stand-ins for the tools: which benchmarks run, and the report."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from npid_mm.datasets.layout_checks import LayoutCheck
from npid_mm.suites.suite import Benchmark, Column, Suite, Table

# stands in for tools/test.py: writes the metrics of the config, or fails
TEST = """
import json, pathlib, sys
config, checkpoint = sys.argv[1:3]
said = {}
exec(pathlib.Path(config).read_text(), said)
print('tested', pathlib.Path(checkpoint).name)
if said['broken'] and not pathlib.Path(said['broken']).exists():
    sys.exit('nothing comes of this')
out = pathlib.Path(sys.argv[sys.argv.index('--out') + 1])
out.write_text(json.dumps(said['figures']))
"""
METAFILE = """
Models:
  - Name: published
    Metadata:
      Source: MMSelfSup
      Provenance: published, on its page
    Results:
      - Metrics:
          Works: 42.9
    Config: works.py
"""


@pytest.fixture
def root(tmp_path):
    """Write a stand-in, three configs, and a folder of data without one data set."""
    root = tmp_path / 'root'
    (root / 'tools').mkdir(parents=True)
    (root / 'tools/test.py').write_text(TEST)
    for name, figure in (('works', 12.345), ('breaks', 50.0), ('lacks', 70.0)):
        broken = str(tmp_path / 'repaired') if name == 'breaks' else ''
        figures = {f'{name}/top1': figure, f'{name}/top5': figure + 20}
        text = f'figures = {figures}\nbroken = {broken!r}\ntest_cfg = dict(k=1)\n'
        (root / f'{name}.py').write_text(text)
    (root / 'model-index.yml').write_text('Import: [metafile.yml]')
    (root / 'metafile.yml').write_text(METAFILE)
    (tmp_path / 'data/here').mkdir(parents=True)
    (tmp_path / 'data/here/1.jpg').touch()
    return root


@dataclass(frozen=True, kw_only=True)
class CountImages(LayoutCheck):
    """A check that counts files."""

    folder: str

    def check(self, root, report):
        report.counts['val'] = len(list(root.iterdir()))
        report.notices.append('val | is small')


HERE, GONE = CountImages(folder='here'), CountImages(folder='gone')


SUITE = Suite(
    benchmarks=(
        Benchmark('breaks', 'breaks.py', HERE),
        Benchmark('lacks', 'lacks.py', GONE),
        Benchmark('works', 'works.py', HERE),
    ),
    tables=(
        Table(
            'Top-1 (%)',
            tuple(Column(name.title(), name, f'{name}/top1') for name in ('works', 'breaks')),
            'A note on what is published.',
        ),
        Table('Top-5 (%)', (Column('Works', 'works', 'works/top5', published='-'),), 'A note.'),
    ),
)


@pytest.fixture
def small(benchmark, root, monkeypatch):
    """Return the command for the three configs, and a checkpoint."""
    monkeypatch.setattr(benchmark, 'ROOT', root)
    monkeypatch.setitem(benchmark.SUITES, 'classification', SUITE)
    return benchmark, checkpoint(root / 'epoch_200.pth', 1.0)


def checkpoint(path, value):
    torch.save(dict(state_dict={'backbone.conv1.weight': torch.full((2,), value)}), path)
    return path


def test_each_benchmark_runs_once(small, tmp_path):
    """One fails and one lacks data; once that is repaired, the same command runs only these."""
    tool, trained = small
    arguments = (trained, '--work-dir', 'out')
    status, text = tool.run(*arguments)
    assert status == 1
    log = 'out/breaks/output.log'
    assert f'1 of 3: breaks\n  failed\n  tools/test.py: exit status 1, see {log}\n' in text
    assert '    tested epoch_200.pth\n    nothing comes of this\n' in text
    assert '2 of 3: lacks\n  no data\n  folder not found: data/gone\n' in text
    assert '3 of 3: works\n  finished\n  val | is small\nreport: out/report.md\n' in text

    digest = json.loads((tmp_path / 'out/report.json').read_text())['about']['sha256']
    assert (
        (tmp_path / 'out/report.md').read_text()
        == f"""\
# Benchmarks: classification

Ours: `{trained}`, sha256 {digest[:8]}.

Published: NPID, ResNet-50, 200 epochs on ImageNet.

- MMSelfSup: on its page

## Top-1 (%)

A note on what is published.

|  | Works | Breaks |
| --- | --- | --- |
| published, MMSelfSup | 42.9 | - |
| ours | 12.35 | - |

## Top-5 (%)

|  | Works |
| --- | --- |
| ours | 32.34 |

## What was run

| benchmark | state | images | notes | config |
| --- | --- | --- | --- | --- |
| breaks | failed | val 1 | tools/test.py: exit status 1, see {log} | `breaks.py` |
| lacks | no data | - | folder not found: data/gone | `lacks.py` |
| works | finished | val 1 | val \\| is small | `works.py` |
"""
    )

    (tmp_path / 'repaired').touch()
    (tmp_path / 'data/gone').mkdir()
    status, text = tool.run(*arguments)
    assert status == 0
    assert '3 of 3: works\n  finished before\n' in text
    report = json.loads((tmp_path / 'out/report.json').read_text())
    assert [each['state'] for each in report['benchmarks'].values()] == ['finished'] * 3
    assert report['benchmarks']['lacks']['metrics'] == {'lacks/top1': 70.0, 'lacks/top5': 90.0}
    assert report['tables'][0] == dict(
        title='Top-1 (%)',
        note='A note on what is published.',
        headings=['Works', 'Breaks'],
        published={'MMSelfSup': [42.9, None]},
        ours=[12.345, 50.0],
    )
    calls = {name: log_of(name).count('tested') for name in ('works', 'breaks', 'lacks')}
    assert calls == dict(works=1, breaks=2, lacks=1)


def log_of(name):
    with open(f'out/{name}/output.log') as log:
        return log.read()


def test_the_report_keeps_benchmarks_that_are_not_selected(small, tmp_path):
    tool, trained = small
    arguments = (trained, '--work-dir', 'out')
    assert tool.run(*arguments, '--only', 'works')[0] == 0
    assert not (tmp_path / 'out/breaks').exists()
    assert tool.run(*arguments, '--only', 'lacks')[0] == 0
    report = json.loads((tmp_path / 'out/report.json').read_text())
    states = {name: each['state'] for name, each in report['benchmarks'].items()}
    assert states == dict(breaks='not run', lacks='no data', works='finished')
    with pytest.raises(ValueError, match=r'must name .* \(breaks, lacks, works\), got work$'):
        tool.run(*arguments, '--only', 'work')


def test_a_report_of_another_checkpoint_or_setting_is_refused(small, tmp_path):
    tool, trained = small
    other = checkpoint(tmp_path / 'epoch_200.pth', 2.0)  # of the same name
    arguments = ('--only', 'works')
    assert tool.run(trained, *arguments, '--work-dir', 'out')[0] == 0
    before = (tmp_path / 'out/report.json').read_bytes()
    with pytest.raises(ValueError, match='out holds the report of another checkpoint: choose'):
        tool.run(other, *arguments, '--work-dir', 'out')
    with pytest.raises(ValueError, match='out holds the report of another --cfg-options: choose'):
        tool.run(trained, *arguments, '--work-dir', 'out', '--cfg-options', 'test_cfg.k=2')
    assert (tmp_path / 'out/report.json').read_bytes() == before
    for each in (trained, other):
        assert tool.run(each, *arguments)[0] == 0
    folders = list((tmp_path / 'work_dirs/benchmark').iterdir())
    assert len(folders) == 2 and all(each.name.startswith('epoch_200-') for each in folders)


@pytest.mark.parametrize('change', ['config', 'images', 'checkpoint'])
def test_a_result_with_other_inputs_is_refused(small, root, tmp_path, change):
    tool, trained = small
    arguments = ('--work-dir', 'out', '--only', 'works')
    assert tool.run(trained, *arguments)[0] == 0
    if change == 'config':
        with open(root / 'works.py', 'a') as config:
            config.write('more = 1\n')
    elif change == 'images':
        (tmp_path / 'data/here/2.jpg').touch()
    else:
        (tmp_path / 'out/report.json').unlink()
        checkpoint(trained, 2.0)
    status, text = tool.run(trained, *arguments)
    assert status == 1
    assert f'out/works holds a run with other {change}: remove that folder, or choose' in text
    report = json.loads((tmp_path / 'out/report.json').read_text())
    assert report['tables'][1]['ours'] == [None]
    assert log_of('works').count('tested') == 1


def test_a_result_stays_valid_without_its_data(small, tmp_path):
    tool, trained = small
    arguments = (trained, '--work-dir', 'out', '--only', 'works')
    assert tool.run(*arguments)[0] == 0
    (tmp_path / 'data').rename(tmp_path / 'moved')
    for more in ((), ('--data-root', 'moved')):
        status, text = tool.run(*arguments, *more)
        assert status == 0 and 'finished before' in text
    report = json.loads((tmp_path / 'out/report.json').read_text())
    assert report['benchmarks']['works']['images'] == {'val': 1}


def test_a_fraction_is_shown_in_percent(small, monkeypatch):
    tool, trained = small
    table = Table('Top-1 (%)', (Column('Works', 'works', 'works/top1', scale=100),))
    suite = Suite(SUITE.benchmarks, (table,))
    monkeypatch.setitem(tool.SUITES, 'classification', suite)
    assert tool.run(trained, '--work-dir', 'out', '--only', 'works')[0] == 0
    report = json.loads(Path('out/report.json').read_text())
    assert report['tables'][0]['ours'] == [1234.5]
    assert report['benchmarks']['works']['metrics']['works/top1'] == 12.345


def rename_metric(root, before, after):
    """Rename a metric of a config."""
    text = (root / 'works.py').read_text()
    (root / 'works.py').write_text(text.replace(before, after))


def test_a_metric_that_is_not_measured_is_a_dash(small, root):
    """For example if fewer shots are evaluated than the tables have."""
    tool, trained = small
    rename_metric(root, 'works/top5', 'works/other')
    arguments = (trained, '--work-dir', 'out', '--only', 'works')
    status, text = tool.run(*arguments)
    assert status == 0 and 'finished' in text
    ours = [table['ours'] for table in json.loads(Path('out/report.json').read_text())['tables']]
    assert ours == [[12.345, None], [None]]
    assert '| ours | - |' in Path('out/report.md').read_text()
    assert 'finished before' in tool.run(*arguments)[1]


def test_a_result_without_metrics_is_a_failure(small, root):
    tool, trained = small
    rename_metric(root, 'works/', 'other/')
    status, text = tool.run(trained, '--work-dir', 'out', '--only', 'works')
    assert status == 1
    assert 'no metric works/top1, works/top5, only other/top1, other/top5' in text
