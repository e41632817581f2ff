"""Configuration of Sphinx: `make docs` writes the site to build/site."""

import os
import re
import sys
from pathlib import Path

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

project = 'npid_mm'
copyright = 'The npid_mm authors'
release = re.search(r"= '(.+)'", (ROOT / 'npid_mm/version.py').read_text()).group(1)

extensions = [
    'myst_parser',
    'sphinx.ext.autodoc',
    'sphinx.ext.napoleon',
    'sphinx_copybutton',
]
html_theme = 'furo'
html_title = f'npid_mm {release}'
html_theme_options = {'navigation_with_keys': True}

myst_heading_anchors = 4  # with the names that GitHub gives them
myst_enable_extensions = ['attrs_inline']

autodoc_typehints = 'signature'
autodoc_member_order = 'bysource'
autodoc_default_options = {'members': True, 'show-inheritance': True}
napoleon_google_docstring = True
napoleon_use_rtype = False
napoleon_preprocess_types = False

# file of the repository -> page of the site
OUTSIDE = {
    'README.md': 'index',
    'CHANGELOG.md': 'project/changelog',
    'CONTRIBUTING.md': 'project/contributing',
    'SECURITY.md': 'project/security',
    'configs/selfsup/npid/README.md': 'project/model_zoo',
}
SOURCES = {page: source for source, page in OUTSIDE.items()}
PACKAGES = (
    *('losses', 'models', 'evaluation', 'curation', 'engine', 'datasets', 'images', 'checkpoints'),
    *('export', 'retrieval', 'visualization', 'analysis', 'suites'),
)
REFERENCE = 'project/reference'
# [text](address), also of an image; the text of a link may be an image
LINK = re.compile(r'(!?)\[((?:!\[[^\]]*\]\([^)]*\)|[^\[\]])*)\]\(([^()\s]+)\)')


def read_source(app: Sphinx, name: str, content: list[str]) -> None:
    """Fill a page from its file outside docs/, and point links to pages of the site.

    Of a link to a file that is not a page, the text stays.
    """
    source = SOURCES.get(name, f'docs/{name}.md')
    text = _reference() if name == REFERENCE else content[0]
    if name in SOURCES:
        text = (ROOT / source).read_text(encoding='utf-8') + text

    def replace(found: re.Match) -> str:
        image, shown, address = found.groups()
        shown = LINK.sub(replace, shown)
        target, mark, anchor = address.partition('#')
        if not target or re.match(r'[a-z]+:', target):
            return f'{image}[{shown}]({address})'
        path = os.path.normpath(os.path.join(os.path.dirname(source), target))
        if path in OUTSIDE:
            return f'[{shown}](/{OUTSIDE[path]}.md{mark}{anchor})'
        if path.startswith('docs/') and (ROOT / path).is_file():
            return f'{image}[{shown}](/{path.removeprefix("docs/")}{mark}{anchor})'
        return shown

    blocks = re.split(r'(^ *```.*?^ *```)', text, flags=re.DOTALL | re.MULTILINE)
    content[0] = ''.join(
        block if number % 2 else LINK.sub(replace, block) for number, block in enumerate(blocks)
    )


def _reference() -> str:
    """Return the page of all public names."""
    lines = ['# API reference', '']
    for name in ('npid_mm', *(f'npid_mm.{package}' for package in PACKAGES)):
        lines += [f'## {name}', '', '```{eval-rst}', f'.. automodule:: {name}', '```', '']
    return '\n'.join(lines)


def setup(app: Sphinx) -> None:
    """Connect the hook, and make the files of pages that :func:`read_source` fills."""
    for page in (*SOURCES, REFERENCE):
        path = ROOT / f'docs/{page}.md'
        path.parent.mkdir(exist_ok=True)
        path.touch()
    app.connect('source-read', read_source)
