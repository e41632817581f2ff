"""Print user errors as one line instead of a traceback."""

import argparse
import logging
import os
import select
import sys
import traceback
from collections.abc import Callable

import torch
from mmengine.logging import MMLogger

from npid_mm.engine.distributed import exit_rank, first_to_report
from npid_mm.version import __version__

from .mistakes import is_mistake, sentence

DEBUG = '--debug'
INTERRUPTED, BROKEN_PIPE = 130, 141  # as a shell reports SIGINT and SIGPIPE
FAULT = (
    f'This is a fault of npid_mm {__version__} or of a package that it uses, not of your input: '
    'please report it with the lines above'
)


class ToolParser(argparse.ArgumentParser):
    """Parser of a tool that :func:`run_tool` runs; it and its subcommands have ``--debug``.

    Args:
        **kwargs: Arguments of ``ArgumentParser``.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        # run_tool looks for it itself, as parsing may fail
        self.add_argument(
            DEBUG,
            action='store_true',
            default=argparse.SUPPRESS,
            help='show the traceback of an error',
        )


def run_tool(main: Callable[[], int | None], status: int = 1) -> int:
    """Run a tool and print a mistake of its user as one line, ``error: ...``, on stderr.

    An unexpected exception keeps its traceback. Once a Runner logs to a file, the traceback of
    either goes there. Of several ranks that fail together one prints. An interrupt ends with
    status 130. A reader of stdout that has gone (``tool | head``) ends it silently with 141.

    Args:
        main (Callable): The tool. Gives its exit status, or None for 0.
        status (int): Exit status after a mistake.

    Returns:
        int: The exit status. With ranks, a failing process ends here.
    """
    logger = MMLogger.get_current_instance()
    try:
        result = main() or 0
        sys.stdout.flush()
        return result
    except KeyboardInterrupt as stop:
        status = INTERRUPTED
        _report(': '.join(['interrupted', *map(str, stop.args)]))
    except Exception as error:
        if isinstance(error, OSError) and _reader_is_gone():
            return BROKEN_PIPE
        mistake = is_mistake(error)
        status = status if mistake else 1
        line = f'error: {sentence(error)}{_logged(error, logger)}'
        if DEBUG in sys.argv or not mistake:
            line = f'{"".join(traceback.format_exception(error))}{line}'
        _report(line if mistake else f'{line}\n{FAULT}')
    if torch.distributed.is_initialized():
        exit_rank(status)
    return status


def _report(text: str) -> None:
    """Print to stderr, on one of the ranks that have something to say."""
    if first_to_report():
        print(text, file=sys.stderr, flush=True)


def _logged(error: Exception, before: MMLogger) -> str:
    """Write the traceback to the log of a Runner made since ``before``; returns a note of it."""
    logger = MMLogger.get_current_instance()
    file = next((each for each in logger.handlers if isinstance(each, logging.FileHandler)), None)
    if file is None or logger is before:
        return ''
    text = f'stopped by an error\n{"".join(traceback.format_exception(error))}'
    logging.raiseExceptions = False  # where the disk is full, the line on stderr is what is left
    file.handle(logging.LogRecord('npid_mm', logging.WARNING, '', 0, text, None, None))
    return f' (log: {file.baseFilename})'


def _reader_is_gone() -> bool:
    """Return whether stdout is a pipe that nobody reads; discard what cannot be written to it."""
    try:
        poll = select.poll()
        poll.register(sys.stdout.fileno(), select.POLLOUT)
        gone = any(event & select.POLLERR for _, event in poll.poll(0))
        sys.stdout.flush()
    except (AttributeError, ValueError):  # Windows has no poll; a notebook's stdout is not a file
        return False
    except OSError:  # the interpreter would try again as it exits
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return gone
