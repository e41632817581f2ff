"""How a checkpoint did in the benchmarks of a suite, beside published figures."""

import json
from pathlib import Path

from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.outputs import JSON as JSON_FILE
from npid_mm.utils.outputs import REPORT, check_output

from .published import SOURCES
from .run import SuiteRun
from .suite import Column, Table

JSON, MARKDOWN = 'report.json', 'report.md'
NOTHING = '-'


def about(run: SuiteRun, suite: str) -> dict:
    """What a report is about: nothing else may go into the same folder."""
    return dict(suite=suite, sha256=run.digest, options=json.loads(json.dumps(run.options)))


def check_folder(folder: Path, subject: dict) -> None:
    """Refuse a folder that has a report of something else.

    Args:
        folder (Path): Where the report goes.
        subject (dict): What it is :func:`about`.

    Raises:
        ValueError: There is one.
        OSError: A file of another kind is in the place of the report.
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
    """Write ``report.json`` and ``report.md`` into the run's folder, each whole or not at all."""
    outcomes = {each.name: run.outcome(each) for each in run.suite.benchmarks}
    metrics = {name: outcome.metrics for name, outcome in outcomes.items()}
    report = dict(
        about=subject,
        checkpoint=str(run.checkpoint),
        benchmarks={
            each.name: dict(vars(outcomes[each.name]), config=each.config)
            for each in run.suite.benchmarks
        },
        tables=[_table(table, metrics) for table in run.suite.tables],
    )
    write_atomic(run.folder / JSON, json.dumps(report, indent=2))
    write_atomic(run.folder / MARKDOWN, as_markdown(report))


def _table(table: Table, metrics: dict[str, dict]) -> dict:
    """A table with its published figures and ours; None where there is none."""
    headings = [column.heading for column in table.columns]
    return dict(
        title=table.title,
        headings=headings,
        published={
            source: [figures.get(heading) for heading in headings]
            for source, figures in table.published.items()
        },
        ours=[_figure(column, metrics[column.benchmark]) for column in table.columns],
    )


def _figure(column: Column, metrics: dict[str, float]) -> float | None:
    """What a column shows of its benchmark, if there is anything."""
    return metrics[column.metric] * column.scale if column.metric in metrics else None


def as_markdown(report: dict) -> str:
    """The Markdown of what ``report.json`` holds."""
    subject = report['about']
    lines = [f'# Benchmarks: {subject["suite"]}', '']
    lines += [f'Ours: `{report["checkpoint"]}`, sha256 {subject["sha256"][:8]}.']
    if subject['options']:
        options = ' '.join(f'{key}={value}' for key, value in subject['options'].items())
        lines += [f'Other settings than those of the configs: `{options}`.']
    sources = {source for table in report['tables'] for source in table['published']}
    if sources:
        lines += ['', 'Published: NPID, ResNet-50, 200 epochs on ImageNet.', '']
        lines += [f'- {source}: {text}' for source, text in SOURCES.items() if source in sources]
    for table in report['tables']:
        lines += ['', f'## {table["title"]}', '']
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
    """Lines of a Markdown table."""
    cells = [headings, ['---'] * len(headings), *rows]
    return [f'| {" | ".join(_cell(text) for text in row)} |' for row in cells]


def _cell(text: str) -> str:
    return ' '.join(text.split()).replace('|', '\\|')
