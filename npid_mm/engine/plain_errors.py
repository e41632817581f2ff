"""How a tool ends when its user has made a mistake."""

import sys
from collections.abc import Callable

MISTAKES = (ImportError, OSError, ValueError)  # what this package raises for one


def run_tool(main: Callable[[], int | None]) -> int:
    """Run a tool; a mistake of its user is told in a line, without a traceback.

    Args:
        main (Callable): The tool. Gives its exit status, or None for 0.

    Returns:
        int: The exit status, 1 after a mistake.
    """
    try:
        return main() or 0
    except MISTAKES as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
