"""Which commands of the docs a test types (tests/commands), and what is said of the others."""

import re

import pytest

from tests.pages import blocks, pages
from tests.toy import ROOT

MARKED = [block for page in pages() for block in blocks(page, 'shell', 'python') if block.mark]


@pytest.mark.parametrize('block', MARKED, ids=lambda block: f'{block.page}:{block.line}')
def test_a_block_that_is_not_typed_says_why(block):
    """It needs what cannot be here, or the file that is named runs it."""
    by = re.fullmatch(r'run by (\S+)', block.mark)
    if by is None:
        assert re.fullmatch(r'not run: needs \w.*', block.mark)
        return
    text = (ROOT / by[1]).read_text()
    names = re.findall(r'tools/[\w/]+?(\w+\.(?:py|sh))|(tests/[\w/]+)', block.code)
    of_tools = names and all(tool in text or tests in text for tool, tests in names)
    assert block.code in text or block.page in text or of_tools, f'{by[1]} does not'


def test_every_fence_is_seen():
    """A block that the pattern missed would be neither typed nor marked."""
    for page in pages():
        fences = re.findall(r'^\s*```(?:shell|python|bash|sh|console)', page.read_text(), re.M)
        assert len(fences) == len(blocks(page, 'shell', 'python')), page
