"""Tell a user's mistake from a fault of the program, and say it in one line."""

import ast
import dis
import re

import torch

# what the environment or an argument causes, wherever it is found out
MISTAKES = (
    OSError,
    ImportError,
    ValueError,
    MemoryError,
    torch.OutOfMemoryError,
    torch.distributed.DistError,
)
# a mistake where a `raise` statement of these packages says so, and a fault elsewhere
REFUSALS = (TypeError, LookupError, RuntimeError)
CHECKING = {'npid_mm', '__main__', 'mmengine', 'mmcv', 'mmpretrain', 'mmdet', 'mmseg', 'torch'}
CALLER = 'mmengine.registry.build_functions'  # calls a class with the arguments of a config
WORKER = '\nOriginal Traceback (most recent call last):\n'  # torch's, of another process
LENGTH = 1500  # characters of a line


def is_mistake(error: Exception) -> bool:
    """Return whether an exception is a refusal of input rather than a fault of the program.

    OSError, ImportError, ValueError and a lack of memory always are. TypeError, KeyError and
    RuntimeError are where a check raised them: a ``raise`` statement with a message, here or in a
    framework. An assertion is where a framework checks its arguments with it. So is a class that
    a config calls with wrong arguments.

    Args:
        error (Exception): An exception that was caught, with its traceback.
    """
    if isinstance(error, MISTAKES):
        return True
    if not str(error) or isinstance(error, (NotImplementedError, RecursionError)):
        return False
    if WORKER in str(error):
        *_, code = _worker_frame(str(error))
        return isinstance(error, REFUSALS) and code.startswith('raise ')
    module, raised = _origin(error)
    package = module.partition('.')[0]
    if isinstance(error, AssertionError):
        return package in CHECKING - {'npid_mm', '__main__'}
    if isinstance(error, REFUSALS) and raised:
        return package in CHECKING
    return isinstance(error, TypeError) and module == CALLER


def sentence(error: BaseException) -> str:
    """Return the message of an exception as one printable line of bounded length."""
    text = str(error)
    if WORKER in text:
        text = _worker_message(text)
    elif isinstance(error, KeyError) and error.args:
        text = str(error.args[0])  # str(error) puts quotes around it
    elif isinstance(error, OSError) and error.strerror:
        name = '' if error.filename is None else f': {error.filename}'
        text = f'{error.strerror}{name}'
    elif isinstance(error, MemoryError) and not text:
        text = 'out of memory'
    text = re.sub(r'([.:;,]?)\s*\n\s*', lambda end: f'{end[1] or ";"} ', text.strip())
    text = ''.join(each if each.isprintable() else repr(each)[1:-1] for each in text)
    text = text or type(error).__name__
    return text if len(text) <= LENGTH else f'{text[:LENGTH]} ... (--debug shows all of it)'


def _origin(error: Exception) -> tuple[str, bool]:
    """Module that an exception comes from, and whether a ``raise`` statement caused it."""
    trace = error.__traceback__
    while trace.tb_next is not None:
        trace = trace.tb_next
    frame = trace.tb_frame
    operation = dis.opname[frame.f_code.co_code[trace.tb_lasti]]
    return frame.f_globals.get('__name__', ''), operation == 'RAISE_VARARGS'


def _worker_frame(text: str) -> tuple[str, str]:
    """Last frame of a traceback that is in a message: what follows it, and its line of code."""
    *_, last = text.split('\n  File "')
    _, code, *_ = [*last.split('\n'), '']
    return last, code.strip()


def _worker_message(text: str) -> str:
    """Message at the end of a traceback that is in a message."""
    last, _ = _worker_frame(text)
    lines = last.split('\n')[1:]
    start = next((n for n, line in enumerate(lines) if line[:1].strip()), len(lines))
    kind, _, message = '\n'.join(lines[start:]).partition(': ')
    if kind == 'KeyError':
        try:
            message = str(ast.literal_eval(message.strip()))
        except (SyntaxError, ValueError):
            pass
    return message or kind
