"""Results of fitted SVMs, in a file that an interrupted run resumes from."""

import json
from pathlib import Path

from mmengine.logging import print_log

from npid_mm.utils.atomic_io import write_atomic


class SVMRecords:
    """Results of the SVMs of one layer, in a JSON file.

    Args:
        path (Path): The file, which may exist.
        settings (dict): Plain values that the records depend on. Records of other settings are
            replaced.
    """

    def __init__(self, path: Path, settings: dict):
        self.path = path
        self.settings = json.loads(json.dumps(settings))  # as JSON returns it: lists, not tuples
        self.records: list[dict] = []
        if path.exists():
            content = json.loads(path.read_text())
            if content['settings'] == self.settings:
                self.records = content['records']
            else:
                print_log(f'{path} has other settings: replaced', logger='current')

    def missing(self, columns: list[int], **kind: object) -> list[int]:
        """Return the ``columns`` (classes) without a record of this kind, e.g. k=1."""
        done = {record['column'] for record in self.of(**kind)}
        return [column for column in columns if column not in done]

    def of(self, **kind: object) -> list[dict]:
        """Return the records of a kind, in the order in which they were added."""
        return [r for r in self.records if all(r[key] == kind[key] for key in kind)]

    def add(self, records: list[dict]) -> None:
        """Add records, and save all of them."""
        self.records += records
        lines = ',\n'.join(json.dumps(record) for record in self.records)
        text = f'{{"settings": {json.dumps(self.settings)}, "records": [\n{lines}\n]}}\n'
        write_atomic(self.path, text)
