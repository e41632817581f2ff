"""Report of the benchmarks of a suite on a checkpoint, beside published figures."""

import json
from pathlib import Path

from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.output_files import JSON as JSON_FILE
from npid_mm.utils.output_files import REPORT, check_output

from .metafile import Published, read_published, rows_of
from .suite import Column, Suite, Table
from .suite_run import SuiteRun

JSON, MARKDOWN = 'report.json', 'report.md'
NOTHING = '-'


def about(run: SuiteRun, suite: str) -> dict:
    """Return the subject of a report; a folder holds reports of one subject only."""
    return dict(suite=suite, sha256=run.digest, options=json.loads(json.dumps(run.options)))


def check_folder(folder: Path, subject: dict) -> None:
    """Refuse a folder with a report of another subject.

    Args:
        folder (Path): Folder of the report.
        subject (dict): Its subject, see :func:`about`.

    Raises:
        ValueError: If the folder has a report of another subject.
        OSError: If the path of the report is taken by something else.
    """
    path = check_output(folder / JSON, JSON_FILE, name='the report')
    check_output(folder / MARKDOWN, REPORT, name='the report')
    before = json.loads(path.read_text()) if path.is_file() else dict(about=subject)
    before = before.get('about') if isinstance(before, dict) else None
    names = dict(suite='suite', sha256='checkpoint', options='--cfg-options')
    differing = [word for name, word in names.items() if (before or {}).get(name) != subject[name]]
    if differing:
        raise ValueError(
            f'{folder} holds the report of another {" and another ".join(differing)}: choose '
            'another --work-dir, or remove that folder'
        )


def write_report(run: SuiteRun, subject: dict) -> None:
    """Write ``report.json`` and ``report.md`` into the folder of the run, atomically."""
    outcomes = {each.name: run.outcome(each) for each in run.suite.benchmarks}
    metrics = {name: outcome.metrics for name, outcome in outcomes.items()}
    published = read_published(run.root)
    tables = [_table(run.suite, table, published, metrics) for table in run.suite.tables]
    configs = {benchmark.config for benchmark in run.suite.benchmarks}
    sources: dict[str, list[str]] = {}
    for each in published:
        if each.config in configs and each.provenance not in sources.setdefault(each.source, []):
            sources[each.source].append(each.provenance)
    report = dict(
        about=subject,
        checkpoint=str(run.checkpoint),
        benchmarks={
            each.name: dict(vars(outcomes[each.name]), config=each.config)
            for each in run.suite.benchmarks
        },
        sources=sources,
        tables=tables,
    )
    write_atomic(run.folder / JSON, json.dumps(report, indent=2))
    write_atomic(run.folder / MARKDOWN, as_markdown(report))


def _table(
    suite: Suite, table: Table, published: list[Published], metrics: dict[str, dict]
) -> dict:
    """Return a table with published figures and ours; None for a figure that is missing."""
    headings = [column.heading for column in table.columns]
    return dict(
        title=table.title,
        note=table.note,
        headings=headings,
        published={
            source: [figures.get(heading) for heading in headings]
            for source, figures in rows_of(suite, table, published).items()
        },
        ours=[_figure(column, metrics[column.benchmark]) for column in table.columns],
    )


def _figure(column: Column, metrics: dict[str, float]) -> float | None:
    """Return the figure of a column, if its benchmark gave it."""
    return metrics[column.metric] * column.scale if column.metric in metrics else None


def as_markdown(report: dict) -> str:
    """Return the content of ``report.json`` as Markdown."""
    subject = report['about']
    lines = [f'# Benchmarks: {subject["suite"]}', '']
    lines += [f'Ours: `{report["checkpoint"]}`, sha256 {subject["sha256"][:8]}.']
    if subject['options']:
        options = ' '.join(f'{key}={value}' for key, value in subject['options'].items())
        lines += [f'Other settings than those of the configs: `{options}`.']
    if report['sources']:
        lines += ['', 'Published: NPID, ResNet-50, 200 epochs on ImageNet.', '']
        lines += [f'- {source}: {"; ".join(texts)}' for source, texts in report['sources'].items()]
    for table in report['tables']:
        lines += ['', f'## {table["title"]}', '']
        if table['note'] and table['published']:
            lines += [table['note'], '']
        rows = [
            [f'published, {source}', *(NOTHING if x is None else str(x) for x in figures)]
            for source, figures in table['published'].items()
        ]
        rows += [['ours', *(NOTHING if x is None else f'{x:.2f}' for x in table['ours'])]]
        lines += _rows(['', *table['headings']], rows)
    lines += ['', '## What was run', '']
    rows = [
        [
            name,
            each['state'],
            ', '.join(f'{split} {count:,}' for split, count in each['images'].items()) or NOTHING,
            '; '.join(each['notes']),
            f'`{each["config"]}`',
        ]
        for name, each in report['benchmarks'].items()
    ]
    lines += _rows(['benchmark', 'state', 'images', 'notes', 'config'], rows)
    return '\n'.join(lines) + '\n'


def _rows(headings: list[str], rows: list[list[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    cells = [headings, ['---'] * len(headings), *rows]
    return [f'| {" | ".join(_cell(text) for text in row)} |' for row in cells]


def _cell(text: str) -> str:
    return ' '.join(text.split()).replace('|', '\\|')
