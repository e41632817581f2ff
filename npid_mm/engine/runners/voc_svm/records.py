"""Records of support vector machines, in a file that a stopped run goes on from."""

import json
from pathlib import Path

from mmengine.logging import print_log

from npid_mm.utils.atomic_io import write_atomic


class SVMRecords:
    """Records of the machines of one layer, saved after each group of them.

    Args:
        path (Path): JSON file, which may be there already.
        settings (dict): What the records depend on, plain values. Records of other settings are
            replaced.
    """

    def __init__(self, path: Path, settings: dict):
        self.path = path
        self.settings = json.loads(json.dumps(settings))  # as they will be read: lists for tuples
        self.records = []
        if path.exists():
            content = json.loads(path.read_text())
            if content['settings'] == self.settings:
                self.records = content['records']
            else:
                print_log(f'{path} has other settings: replaced', logger='current')

    def missing(self, columns: list[int], **kind) -> list[int]:
        """Those of the ``columns`` (classes) that have no record of this kind, such as k=1."""
        there = {record['column'] for record in self.of(**kind)}
        return [column for column in columns if column not in there]

    def of(self, **kind) -> list[dict]:
        """Records of this kind, in the order in which they were added."""
        return [r for r in self.records if all(r[key] == kind[key] for key in kind)]

    def add(self, records: list[dict]) -> None:
        """Add records and save all; the file is the old or the new one, whatever happens."""
        self.records += records
        lines = ',\n'.join(json.dumps(record) for record in self.records)
        text = f'{{"settings": {json.dumps(self.settings)}, "records": [\n{lines}\n]}}\n'
        write_atomic(self.path, text)
