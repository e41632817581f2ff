"""Published results, read from the metafiles of the model index."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from .suite import Suite, Table

INDEX = 'model-index.yml'


@dataclass(frozen=True)
class Published:
    """Published result of one pretraining in one benchmark.

    Attributes:
        source (str): Short name of the publication.
        provenance (str): Where the figures are published.
        config (str): Config file that follows the same protocol.
        figures (dict[str, float]): Name -> figure, in percent.
    """

    source: str
    provenance: str
    config: str
    figures: dict[str, float]


def read_entries(root: Path) -> list[dict]:
    """Read the entries of all metafiles that ``root/model-index.yml`` lists, in their order."""
    index = root / INDEX
    files = yaml.safe_load(index.read_text())['Import'] if index.is_file() else []
    return [each for file in files for each in yaml.safe_load((root / file).read_text())['Models']]


def read_published(root: Path) -> list[Published]:
    """Read all published results below ``root``; an entry without results has none."""
    return [
        Published(
            source=entry['Metadata']['Source'],
            provenance=entry['Metadata']['Provenance'].removeprefix('published, '),
            config=entry['Config'],
            figures={k: v for result in entry['Results'] for k, v in result['Metrics'].items()},
        )
        for entry in read_entries(root)
        if entry.get('Results')
    ]


def rows_of(suite: Suite, table: Table, published: list[Published]) -> dict[str, dict[str, float]]:
    """Return the published rows of a table: source -> heading -> figure."""
    configs = suite.configs_of(table)
    rows: dict[str, dict[str, float]] = {}
    for each in published:
        if each.config in configs:
            found = {
                column.heading: each.figures[name]
                for column in table.columns
                if (name := column.published or column.heading) in each.figures
            }
            if found:
                rows.setdefault(each.source, {}).update(found)
    return rows
