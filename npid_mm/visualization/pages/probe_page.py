"""Page of the accuracies of several representations, with pictures."""

import base64
import html
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from npid_mm.utils.atomic_io import write_atomic
from npid_mm.utils.paths import printable_path


class Figure(NamedTuple):
    """A share and its interval, all from -1 to 1."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f'{100 * self.value:.1f} ({100 * self.low:.1f} to {100 * self.high:.1f})'


class ProbeTable(NamedTuple):
    """Results on one set of images."""

    name: str
    about: str
    """Sentence about the images."""
    columns: Sequence[str]
    rows: Mapping[str, Sequence[Figure]]
    """Representation -> a figure for each column."""
    picture: Path
    """PNG file to show below the table."""


def probe_page(tables: Sequence[ProbeTable], title: str, out: str | Path) -> str | Path:
    """Write a page with a table and a picture per set of images, in one file without scripts.

    Args:
        tables (Sequence[ProbeTable]): Results.
        title (str): Title and heading.
        out (str | Path): File to write.

    Returns:
        str | Path: ``out``.

    Raises:
        OSError: If a picture cannot be read.
    """
    page = (files('npid_mm.visualization') / 'assets/probe_page.html').read_text(encoding='utf-8')
    page = page.replace('<!-- title -->', _text(title))
    write_atomic(out, page.replace('<!-- tables -->', '\n'.join(map(_section, tables))))
    return out


def _section(table: ProbeTable) -> str:
    head = ''.join(f'<th>{_text(name)}</th>' for name in ('features', *table.columns))
    rows = [
        f'<tr><th>{_text(name)}</th>{"".join(f"<td>{each}</td>" for each in figures)}</tr>'
        for name, figures in table.rows.items()
    ]
    picture = base64.b64encode(table.picture.read_bytes()).decode()
    return f"""<section>
<h2>{_text(table.name)}</h2>
<p>{_text(table.about)}</p>
<div class="table"><table>
<thead><tr>{head}</tr></thead>
<tbody>
{chr(10).join(rows)}
</tbody>
</table></div>
<img src="data:image/png;base64,{picture}" alt="Nearest images in each representation">
</section>"""


def _text(value: str) -> str:
    return html.escape(printable_path(value))
