"""Run a function in a forked process, which has the imports of this one."""

import atexit
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from typing import NamedTuple


class Ended(NamedTuple):
    """Exit status and output of a process."""

    status: int
    out: str
    err: str


class Forked:
    """A forked process that calls a function and exits with its result.

    Args:
        main (Callable): Returns the exit status.
        stdout (int, optional): A descriptor to write to instead of a file.
        **environment (str): Further variables of the environment.
    """

    def __init__(self, main: Callable[[], int], stdout: int | None = None, **environment: str):
        self._files = [tempfile.TemporaryFile('w+', errors='replace') for _ in range(2)]
        sys.stdout.flush()
        self._pid = os.fork()
        if self._pid:
            return
        status = 1
        try:  # nothing of pytest may run in this process
            atexit._clear()  # the parent's workers and folders
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
