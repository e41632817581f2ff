"""The page of a report: its findings as tabs."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from npid_mm.images import ImageReader
from npid_mm.utils.paths import printable_path
from npid_mm.visualization import project_2d
from npid_mm.visualization.pages.curation_page import Card, Tab, curation_page

from .report import Report

MAX_CARDS = 300  # per tab; the tables have all
MAX_IMAGES = 24  # of a card
MAX_LISTED = 120  # outliers, and images of the subset
MAX_NAMES = 3  # most frequent labels of a cluster
MIN_MAP = 5  # images of a map
MIN_DOUBT = 0.5  # of a label that is shown


def write_report_page(
    report: Report,
    out: str | Path,
    size: int = 2000,
    method: str | None = 'tsne',
    reader: ImageReader | None = None,
) -> None:
    """Write the page of a report.

    Args:
        report (Report): The findings.
        out (str | Path): File to write.
        size (int): Images of the page: those of the findings, and evenly spaced others.
        method (str, optional): 'tsne' or 'umap' for the map; None for a page without a map.
        reader (ImageReader, optional): Reads the images. Defaults to ``ImageReader()``.
    """
    tabs = [
        Tab(
            'Duplicates',
            'Groups of copies, the largest first.',
            [_group(report, each) for each in report.groups[:MAX_CARDS]],
        ),
        Tab(
            'Leaks',
            'Groups of copies with images of several sets.',
            [_group(report, each) for each in report.leaks[:MAX_CARDS]],
        ),
        Tab(
            'Look-alikes',
            'Pairs with similar features that are not copies, the most similar first.',
            [_group(report, each) for each in report.look_alikes[:MAX_CARDS]],
        ),
        Tab(
            'Outliers', 'Images that resemble no other, the most unusual first.', _outliers(report)
        ),
        Tab(
            'Labels in doubt',
            'Images whose neighbors vote for another label, the most doubtful first.',
            _doubts(report),
        ),
        Tab(
            'Clusters',
            'Clusters of similar images, the largest first; each begins with typical images.',
            _clusters(report),
        ),
        Tab('Subset', 'A diverse subset, in the order of choice.', _subset(report)),
    ]
    if not any(report.images.labels):
        tabs = [tab for tab in tabs if tab.name != 'Labels in doubt']
    # in the order of the tabs, as the page shows the first one before it has read all images
    found = list(dict.fromkeys(row for tab in tabs for card in tab.cards for row, _ in card.images))
    shown = found + _others(report, set(found), size - len(found))
    position = {row: number for number, row in enumerate(shown)}
    tabs = [
        tab._replace(
            cards=[
                card._replace(images=[(position[row], note) for row, note in card.images])
                for card in tab.cards
            ]
        )
        for tab in tabs
    ]
    paths = [report.images.paths[row] for row in shown]
    count = f'{len(report.images):,} images'
    rows = report.images.rows[shown].float().numpy()
    curation_page(
        paths,
        list(map(printable_path, paths)),
        tabs,
        labels=[report.images.labels[row] for row in shown],
        rows=rows,
        points=project_2d(rows, method) if method and len(rows) >= MIN_MAP else None,
        title=count,
        out=out,
        reader=reader,
    )


def _others(report: Report, found: set[int], count: int) -> list[int]:
    """Return evenly spaced rows that are not among the findings."""
    rest = [row for row in range(len(report.images)) if row not in found]
    count = min(max(count, 0), len(rest))
    return [rest[number * len(rest) // count] for number in range(count)]


def _group(report: Report, rows: Sequence[int]) -> Card:
    images = report.images
    sets = sorted({images.sets[row] for row in rows} - {''})
    labels = sorted({images.labels[row] or '' for row in rows} - {''})
    title = f'{len(rows)} images'
    if len(sets) > 1:
        title += f', in {" and ".join(map(printable_path, sets))}'
    if len(labels) > 1:
        title += f', with different labels: {", ".join(map(printable_path, labels))}'
    notes = [_number('p', report.columns['own_probability'][row]) for row in rows]
    return Card(title, list(zip(rows[:MAX_IMAGES], notes, strict=False)))


def _number(name: str, value: float | None) -> str:
    return '' if value is None else f'{name} {value:.3f}'


def _ordered(values: Sequence[float | None]) -> list[int]:
    """Return the rows that have a value, the largest first."""
    known = [row for row, value in enumerate(values) if value is not None]
    return sorted(known, key=lambda row: -(values[row] or 0))


def _outliers(report: Report) -> list[Card]:
    scores = report.columns['outlier']
    rows = _ordered(scores)[:MAX_LISTED]
    return [Card('1 - cosine to the neighbors', [(row, f'{scores[row]:.3f}') for row in rows])]


def _doubts(report: Report) -> list[Card]:
    doubts, preferred = report.columns['doubt'], report.columns['preferred']
    rows = [row for row in _ordered(doubts) if doubts[row] > MIN_DOUBT][:MAX_CARDS]
    cards = []
    for row in rows:
        label, other = (
            printable_path(name) for name in (report.images.labels[row] or '', preferred[row])
        )
        near = [each for each in report.neighbors.indices[row].tolist() if each >= 0]
        notes = [(row, label)] + [(each, report.images.labels[each] or '') for each in near]
        cards.append(Card(f'{label}, but its neighbors are {other} ({doubts[row]:.2f})', notes))
    return cards


def _clusters(report: Report) -> list[Card]:
    members: dict[int, list[int]] = {}
    for row, number in enumerate(report.columns['cluster']):
        members.setdefault(number, []).append(row)
    cards = []
    for number in sorted(members):
        rows = sorted(members[number], key=report.columns['outlier'].__getitem__)
        names = Counter(filter(None, (report.images.labels[row] for row in rows)))
        most = ', '.join(
            f'{printable_path(name)} {count}' for name, count in names.most_common(MAX_NAMES)
        )
        title = f'{len(rows)} images' + (f': {most}' if most else '')
        cards.append(Card(title, [(row, '') for row in rows[:MAX_IMAGES]]))
    return cards


def _subset(report: Report) -> list[Card]:
    chosen = report.columns['subset']
    rows = [row for row, place in enumerate(chosen) if place is not None]
    rows.sort(key=chosen.__getitem__)
    return [Card(f'{len(rows)} images', [(row, '') for row in rows[:MAX_LISTED]])] if rows else []
