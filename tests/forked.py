"""Run a function as a process behind the imports of this one, which take seconds."""

import atexit
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import NamedTuple


class Ended(NamedTuple):
    """How a process ended, and what it printed."""

    status: int
    out: str
    err: str


class Forked:
    """A forked process that calls a function and exits with what that returns.

    Args:
        main (Callable): Gives the exit status.
        stdout (int, optional): A descriptor in place of a file that is read at the end.
        **environment (str): Variables that the process has besides.
    """

    def __init__(self, main: Callable[[], int], stdout: int | None = None, **environment: str):
        self._files = [tempfile.TemporaryFile('w+', errors='replace') for _ in range(2)]
        sys.stdout.flush()
        self._pid = os.fork()
        if self._pid:
            return
        status = 1
        try:  # nothing of pytest may go on in this process
            atexit._clear()  # workers to end and folders to remove are not this process's
            os.environ.update(environment)
            out, err = (file.fileno() for file in self._files)
            os.dup2(out if stdout is None else stdout, 1)
            os.dup2(err, 2)
            sys.stdout, sys.stderr = open(1, 'w', closefd=False), open(2, 'w', closefd=False)
            try:
                status = main()
            except SystemExit as end:
                status = end.code
            sys.stdout.flush()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status if isinstance(status, int) else int(status is not None))

    def wait(self) -> Ended:
        """Wait for the end of the process."""
        _, status = os.waitpid(self._pid, 0)
        texts = []
        for file in self._files:
            with file:
                file.seek(0)
                texts.append(file.read())
        return Ended(os.waitstatus_to_exitcode(status), *texts)
