"""Plain English in pages, docstrings, comments and messages: ``python -m tests.prose``.

`make lint` runs it, and codespell beside it. Each phrase has what to write instead.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ('*.md', 'docs/*.md', 'configs/**/*.md', '.github/**/*.md')
CODE = ('npid_mm/**/*.py', 'configs/**/*.py', 'tools/**/*.py', 'benchmarks/**/*.py', 'setup.py')

UNITS = 'bytes|images|lines|labels?|rows?|ms|seconds|MB|GB|times|files?|process|steps?|values?'
OBJECTS = 'image|GPU|rank|second|step|epoch|class|row|query|line|sample|layer|name|node'
PHRASES = {
    r'(?<!here) (is|are|was|were) no\b(?! (longer|more|less)\b)': 'is not a',
    r'\b(go|goes|going|went|gone) on\b': 'continue, resume',
    r'\banew\b': 'again, from scratch',
    r', say,': 'e.g.',
    rf'\b({UNITS}) an? ({OBJECTS})\b': 'per',
    r'\b(whoever|nobody|of somebody)\b': 'the user, no one, untrusted',
    r'\b(do|does) not go together\b': 'incompatible',
    r'\b(comes?|brought) to life\b': 'is built',
    r'\b(the|a) knobs?\b': 'option',
    r'\boverflown\b': 'overflowed',
    r'\blearnt\b': 'learned',
    r'\bvalue of chance\b': 'chance level',
    r'\b(draw|drawn|drawing) (negatives|rows|numbers)\b|\b[Dd]rawn rows\b': 'sample',
    r'\bput(s)? right\b': 'fix',
    r'\bthe other way round\b': 'the reverse',
}
# a noun phrase or an imperative verb begins a docstring
CLAUSE = r'(What|Whether|How|Where|Which|Who|Whose|When|Of|For|As|If)\b'


def offenses(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the words and the better words of each phrase; one may span two lines."""
    for phrase, better in PHRASES.items():
        for found in re.finditer(phrase.replace(' ', r'\s+(?:# )?'), text, re.IGNORECASE):
            yield text.count('\n', 0, found.start()) + 1, ' '.join(found[0].split()), better


def clauses(code: str) -> Iterator[tuple[int, str, str]]:
    """Yield the docstrings of Python code whose first line is a clause."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(code)):
        text = ast.get_docstring(node) if isinstance(node, kinds) else None
        if text and re.match(CLAUSE, text):
            yield getattr(node, 'lineno', 1), text.split('\n')[0], 'a noun phrase or an imperative'


def main() -> int:
    """Print all offenses; return 1 if there are any."""
    count = 0
    for pattern in (*PAGES, *CODE):
        for path in sorted(ROOT.glob(pattern)):
            text = path.read_text(encoding='utf-8')
            found = [*offenses(text), *(clauses(text) if path.suffix == '.py' else ())]
            for line, words, better in found:
                print(f'{path.relative_to(ROOT)}:{line}: {words!r}: write {better}')
            count += len(found)
    print(f'prose: {count} to mend' if count else 'prose: no offenses')
    return int(count > 0)


if __name__ == '__main__':
    sys.exit(main())
