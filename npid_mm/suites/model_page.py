"""Write the tables of the model page from the metafiles: ``python -m npid_mm.suites.model_page``.

The tables stand in ``configs/selfsup/npid/README.md`` between comments that name them.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from npid_mm.suites import SUITES

from .classification import EMBEDDING
from .metafile import read_entries, read_published, rows_of

ROOT = Path(__file__).resolve().parents[2]
PAGE = 'configs/selfsup/npid/README.md'


def render_page(root: Path) -> str:
    """Return the text of the model page, with its tables written again.

    Args:
        root (Path): The repository.

    Raises:
        ValueError: If a pair of comments is missing on the page.
    """
    text = (root / PAGE).read_text()
    for name, lines in (('weights', weight_lines(root)), ('results', result_lines(root))):
        begin, end = f'<!-- begin {name} -->', f'<!-- end {name} -->'
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f'{PAGE} must have {begin} and {end} once each')
        before, after = text.split(begin)[0], text.split(end)[1]
        text = '\n'.join([before + begin, *lines, end + after])
    return text


def weight_lines(root: Path) -> Iterator[str]:
    """Generate the table of published weights."""
    yield '| name | source | weights | log |'
    yield '|---|---|---|---|'
    for entry in read_entries(root):
        if 'Weights' in entry:
            source = entry['Metadata']['Provenance'].removeprefix('published, ')
            log = f'[log]({entry["Training Log"]})' if 'Training Log' in entry else 'not found'
            yield f'| `{entry["Name"]}` | {source} | [model]({entry["Weights"]}) | {log} |'


def result_lines(root: Path) -> Iterator[str]:
    """Generate a section per table that has published figures."""
    published = read_published(root)
    for suite in (*SUITES.values(), EMBEDDING):
        for table in suite.tables:
            rows = rows_of(suite, table, published)
            if not rows:
                continue
            yield f'\n### {table.title}\n'
            if table.note:
                yield f'{table.note}\n'
            headings = [column.heading for column in table.columns]
            yield f'| source | {" | ".join(headings)} |'
            yield f'|---|{"---|" * len(headings)}'
            for source, figures in rows.items():
                cells = [str(figures.get(heading, '')) for heading in headings]
                yield f'| {source} | {" | ".join(cells)} |'
            yield '\nProtocol: ' + ', '.join(map(_link, suite.configs_of(table))) + '.'


def _link(config: str) -> str:
    """Return a link from the page to a config."""
    return f'[`{Path(config).stem}`]({os.path.relpath(config, Path(PAGE).parent)})'


if __name__ == '__main__':
    (ROOT / PAGE).write_text(render_page(ROOT))
