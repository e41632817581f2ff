"""The pages of the docs and the code blocks on them.

A comment on the line above a block, which a reader does not see, says why no test runs it as it
stands: ``not run: needs ImageNet``, or ``run by FILE``, where the file runs the same.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.toy import ROOT

_BLOCK = re.compile(r'(?:^<!-- ([^\n]*) -->\n)?^```(\w+)\n(.*?)^```$', re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A code block.

    Args:
        page (str): Path of its page, from the root of the project.
        line (int): Of its first line of code.
        language (str): What stands behind the fence.
        code (str): Its lines.
        mark (str): The comment above it; empty without one.
    """

    page: str
    line: int
    language: str
    code: str
    mark: str


def pages() -> list[Path]:
    """All pages that a user reads."""
    readmes = (ROOT / folder for folder in ('configs', 'benchmarks'))
    return [
        ROOT / 'README.md',
        ROOT / 'CONTRIBUTING.md',
        *sorted((ROOT / 'docs').glob('*.md')),
        *sorted(path for folder in readmes for path in folder.rglob('*.md')),
    ]


def blocks(page: Path, *languages: str) -> list[Block]:
    """The blocks of a page in any of these languages."""
    text = page.read_text(encoding='utf-8')
    return [
        Block(
            str(page.relative_to(ROOT)),
            text.count('\n', 0, match.start(3)) + 1,
            match[2],
            match[3],
            match[1] or '',
        )
        for match in _BLOCK.finditer(text)
        if match[2] in languages
    ]
