"""How tools end: the status that a shell sees, and what stands on the screen."""

import pytest

from npid_mm.engine.plain_errors import run_tool
from npid_mm.extras import MissingExtraError


@pytest.mark.parametrize('kind', [ValueError, FileNotFoundError, MissingExtraError])
def test_a_mistake_is_told_in_a_line(kind, capsys):
    def main():
        raise kind('rows must be at least 1, got 0')

    assert run_tool(main) == 1
    assert capsys.readouterr().err == 'error: rows must be at least 1, got 0\n'


def test_a_fault_of_ours_keeps_its_traceback():
    def main():
        raise AssertionError

    with pytest.raises(AssertionError):
        run_tool(main)


@pytest.mark.parametrize(('given', 'status'), [(None, 0), (0, 0), (1, 1)])
def test_the_status_is_that_of_the_tool(given, status):
    assert run_tool(lambda: given) == status
