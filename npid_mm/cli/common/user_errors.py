"""Distinguish user errors from bugs, and shorten their messages to one line."""

import ast
import dis
import re

# always user errors, and those of torch
USER_ERRORS = (OSError, ImportError, ValueError, MemoryError)
TORCH_USER_ERRORS = {'torch.OutOfMemoryError', 'torch.distributed.DistError'}
# user errors if a `raise` statement of a package in CHECKING caused them, bugs otherwise
RAISED_USER_ERRORS = (TypeError, LookupError, RuntimeError)
CHECKING = {'npid_mm', '__main__', 'mmengine', 'mmcv', 'mmpretrain', 'mmdet', 'mmseg', 'torch'}
CALLER = 'mmengine.registry.build_functions'  # calls a class with the arguments of a config
WORKER = '\nOriginal Traceback (most recent call last):\n'  # in errors of torch's workers
LENGTH = 1500  # characters of the line


def is_user_error(error: Exception) -> bool:
    """Return whether an exception is a user error rather than a bug.

    OSError, ImportError, ValueError and out-of-memory errors always are. TypeError, KeyError and
    RuntimeError are if a ``raise`` statement with a message, here or in a framework, caused them.
    An AssertionError of a framework is a user error too, because frameworks check arguments with
    asserts. So is a TypeError from calling a class with the arguments of a config.

    Args:
        error (Exception): A caught exception with its traceback.
    """
    if isinstance(error, USER_ERRORS) or _is_torch_user_error(error):
        return True
    if not str(error) or isinstance(error, (NotImplementedError, RecursionError)):
        return False
    if WORKER in str(error):
        *_, code = _worker_frame(str(error))
        return isinstance(error, RAISED_USER_ERRORS) and code.startswith('raise ')
    module, raised = _origin(error)
    package = module.partition('.')[0]
    if isinstance(error, AssertionError):
        return package in CHECKING - {'npid_mm', '__main__'}
    if isinstance(error, RAISED_USER_ERRORS) and raised:
        return package in CHECKING
    return isinstance(error, TypeError) and module == CALLER


def one_line(error: BaseException) -> str:
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


def _is_torch_user_error(error: Exception) -> bool:
    """Return whether a class of :data:`TORCH_USER_ERRORS` is among those of an exception."""
    names = {f'{each.__module__}.{each.__qualname__}' for each in type(error).__mro__}
    return not names.isdisjoint(TORCH_USER_ERRORS)


def _origin(error: Exception) -> tuple[str, bool]:
    """Return the module that an exception comes from, and whether a ``raise`` caused it."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:  # never raised
        return '', False
    frame = trace.tb_frame
    operation = dis.opname[frame.f_code.co_code[trace.tb_lasti]]
    return frame.f_globals.get('__name__', ''), operation == 'RAISE_VARARGS'


def _worker_frame(text: str) -> tuple[str, str]:
    """Return the text from the last frame of a traceback in a message, and its line of code."""
    *_, last = text.split('\n  File "')
    _, code, *_ = [*last.split('\n'), '']
    return last, code.strip()


def _worker_message(text: str) -> str:
    """Return the message at the end of a traceback in a message."""
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
