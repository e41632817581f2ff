"""Run a tool: parse its options, and print user errors as one line instead of a traceback."""

import argparse
import difflib
import logging
import os
import select
import sys
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from npid_mm.version import __version__

from .user_errors import is_user_error, one_line

DEBUG = '--debug'
INTERRUPTED, BROKEN_PIPE = 130, 141  # as a shell reports SIGINT and SIGPIPE
FAULT = (
    f'This is a bug in npid_mm {__version__} or in a package that it uses, not an error in your '
    'input: please report it with the lines above'
)


class UsageError(ValueError):
    """Wrong arguments of a command."""


class ToolParser(argparse.ArgumentParser):
    """Parser of a tool for :func:`run_tool`, which prints its errors; it has ``--debug``.

    Args:
        **kwargs: Arguments of ``ArgumentParser``.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        # run_tool looks for it itself, as parsing may fail
        self.add_argument(
            DEBUG,
            action='store_true',
            default=argparse.SUPPRESS,
            help='show the traceback of an error',
        )

    def error(self, message: str) -> NoReturn:
        """Raise an error of the command line, and name options that are close to a wrong one."""
        wrong = [word.partition('=')[0] for word in message.split() if word.startswith('--')]
        close = difflib.get_close_matches(wrong[0] if wrong else '', self._option_string_actions, 3)
        if message.startswith('unrecognized arguments: ') and close:
            message = f'{message}; did you mean {" or ".join(close)}?'
        raise UsageError(f'{message} ({self.prog} --help shows all options)')


def run_tool(main: Callable[[], int | None], status: int = 1) -> int:
    """Run a tool, and print a user error as one line, ``error: ...``, on stderr.

    A bug keeps its traceback. If a Runner logs to a file, the tracebacks of both go there too.
    If several ranks fail together, one prints. The exit status is 130 after an interrupt, and 141,
    without a message, if the reader of stdout has exited (``tool | head``).

    Args:
        main (Callable): The tool. Returns its exit status, or None for 0.
        status (int): Exit status after a user error.

    Returns:
        int: The exit status. In distributed runs a failing process exits here.
    """
    logger = _current_logger()
    try:
        result = main() or 0
        sys.stdout.flush()
        return result
    except KeyboardInterrupt as stop:
        status = INTERRUPTED
        _report(': '.join(['interrupted', *map(str, stop.args)]))
    except Exception as error:
        if isinstance(error, OSError) and _reader_has_exited():
            return BROKEN_PIPE
        expected = is_user_error(error)
        status = status if expected else 1
        line = f'error: {one_line(error)}{_logged(error, logger)}'
        if DEBUG in sys.argv or not expected:
            line = f'{"".join(traceback.format_exception(error))}{line}'
        _report(line if expected else f'{line}\n{FAULT}')
    torch = sys.modules.get('torch')
    if torch is not None and torch.distributed.is_initialized():
        from npid_mm.engine.distributed import exit_rank

        exit_rank(status)
    return status


def _report(text: str) -> None:
    """Print to stderr, on one of the failing ranks."""
    if int(os.environ.get('WORLD_SIZE', 1)) > 1:
        from npid_mm.engine.distributed import first_to_report

        if not first_to_report():
            return
    print(text, file=sys.stderr, flush=True)


def _current_logger() -> logging.Logger | None:
    """Return MMEngine's current logger, if MMEngine is imported."""
    module = sys.modules.get('mmengine.logging')
    return module.MMLogger.get_current_instance() if module else None


def _logged(error: Exception, before: logging.Logger | None) -> str:
    """Write the traceback to the log of a Runner built since ``before``; return a note of it."""
    logger = _current_logger()
    handlers = logger.handlers if logger else ()
    file = next((each for each in handlers if isinstance(each, logging.FileHandler)), None)
    if file is None or logger is before:
        return ''
    text = f'stopped by an error\n{"".join(traceback.format_exception(error))}'
    logging.raiseExceptions = False  # on a full disk, print the line on stderr only
    file.handle(logging.LogRecord('npid_mm', logging.WARNING, '', 0, text, None, None))
    return f' (log: {file.baseFilename})'


def _reader_has_exited() -> bool:
    """Return whether stdout is a pipe without a reader; discard what cannot be written to it."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), select.POLLOUT)
        gone = any(event & select.POLLERR for _, event in poll.poll(0))
        sys.stdout.flush()
    except (AttributeError, ValueError):  # no poll on Windows; a notebook's stdout is not a file
        return False
    except OSError:  # the interpreter would flush again when it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return gone
