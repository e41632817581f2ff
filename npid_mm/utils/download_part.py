"""The beginning of a file that is being fetched, and what it is the beginning of."""

import json
import os
from pathlib import Path
from typing import NamedTuple


class Origin(NamedTuple):
    """Where bytes came from.

    ``validator`` is a strong ETag, or a Last-Modified, or '', and ``length`` that of the whole
    file, if the server said so.
    """

    url: str
    validator: str
    length: int | None


class Part:
    """The beginning of the file at an address.

    Where the whole is checked by its sha256, any beginning may be completed. Where it is not, the
    server must confirm that the rest is of the same file (If-Range, RFC 9110, 13.1.5): a note
    beside the beginning says what it is of, and without one nothing is kept.

    Args:
        path (Path): The beginning; its note is ``{path}.json``.
        url (str): An http or https address.
        checked (bool): Whether the sha256 of the whole is known.
    """

    def __init__(self, path: Path, url: str, checked: bool):
        self.path, self.url, self.checked = path, url, checked
        self.note = path.with_name(f'{path.name}.json')

    @property
    def origin(self) -> Origin | None:
        """Origin | None: What the note says, if it is of this address and can be confirmed."""
        try:
            origin = Origin(**json.loads(self.note.read_text(encoding='utf-8')))
        except (OSError, ValueError, TypeError):
            return None
        return origin if origin.url == self.url and origin.validator else None

    @property
    def kept(self) -> int:
        """int: Bytes that need not come again."""
        usable = self.checked or self.origin
        return self.path.stat().st_size if usable and self.path.exists() else 0

    def goes_on_with(self, origin: Origin) -> bool:
        """Whether bytes from ``origin`` may follow: nothing that is known of both differs."""
        if self.checked:
            return True
        pairs = zip(origin, self.origin, strict=True)
        return all(new == old for new, old in pairs if new and old)

    def start(self, origin: Origin) -> None:
        """Drop what has come, and note what is to come."""
        self.path.unlink(missing_ok=True)
        if not self.checked:
            new = self.note.with_name(f'{self.note.name}.new')
            new.write_text(json.dumps(origin._asdict()), encoding='utf-8')
            os.replace(new, self.note)

    def finish(self, target: Path) -> None:
        """Give the whole file its final name."""
        self.note.unlink(missing_ok=True)
        os.replace(self.path, target)
