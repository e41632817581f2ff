"""Exit status and error message of tools."""

import os
import re
import sys
from collections import OrderedDict

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.registry import Registry, build_from_cfg
from torch.utils.data import DataLoader, Dataset

from npid_mm.cli.common.run_tool import FAULT, ToolParser, run_tool
from npid_mm.engine.resume import UnreadableCheckpointError
from npid_mm.evaluation import weighted_knn
from npid_mm.extras import MissingExtraError
from tests.command_line import free_port
from tests.forked import Forked

CLASSES = Registry('class', scope='mmengine')


class Broken(Dataset):
    """A data set whose images raise an error."""

    def __init__(self, error):
        self.error = error

    def __len__(self):
        return 1

    def __getitem__(self, _):
        if self.error is None:
            return len(None)
        raise self.error


@CLASSES.register_module()
class Adder:
    """A class with one argument."""

    def __init__(self, number):
        self.sum = number + 1


@pytest.fixture(autouse=True)
def new_loggers(monkeypatch):
    """Leave out the loggers of earlier tests, whose streams are closed."""
    monkeypatch.setattr(MMLogger, '_instance_dict', OrderedDict())


def ended(main, capsys):
    """Run a tool; return status and stderr."""
    capsys.readouterr()
    return run_tool(main), capsys.readouterr().err


def raising(error, module='npid_mm.somewhere'):
    """Return a tool that raises an error in a statement of ``module``."""
    names = {'__name__': module, 'error': error}
    exec('def main(): raise error', names)
    return names['main']


@pytest.mark.parametrize(
    ('error', 'line'),
    [
        (ValueError('rows must be at least 1, got 0'), 'rows must be at least 1, got 0'),
        (TypeError('rows must be a tensor'), 'rows must be a tensor'),
        (KeyError('the config has no lr'), 'the config has no lr'),
        (MissingExtraError('needs faiss.\nType: pip'), 'needs faiss. Type: pip'),
        (UnreadableCheckpointError('none of 2 is whole'), 'none of 2 is whole'),
        (FileNotFoundError('no such list'), 'no such list'),
        (OSError(28, 'No space left on device'), 'No space left on device'),
        (PermissionError(13, 'Permission denied', '/x'), 'Permission denied: /x'),
        (ValueError('a file \x1b[2Jred\nname'), 'a file \\x1b[2Jred; name'),
        (ValueError('x' * 9999), f'{"x" * 1500} ... (--debug shows all of it)'),
        (MemoryError(), 'out of memory'),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else '',
)
def test_a_user_error_is_one_line(error, line, capsys):
    assert ended(raising(error), capsys) == (1, f'error: {line}\n')


def test_the_name_of_a_file_is_printed(capsys):
    assert ended(lambda: open('nowhere/x'), capsys) == (
        1,
        'error: No such file or directory: nowhere/x\n',
    )


@pytest.mark.parametrize(
    'main',
    [
        raising(AssertionError('rows are sorted')),
        raising(AttributeError('no rows')),
        raising(NotImplementedError('rows of strings')),
        raising(TypeError('rows of strings'), 'json.decoder'),
        lambda: {}['rows'],
        lambda: len(None),
        lambda: weighted_knn(None, None, None, 1),
    ],
)
def test_a_bug_keeps_its_traceback(main, capsys):
    status, text = ended(main, capsys)
    assert status == 1 and text.startswith('Traceback (most recent call last):\n')
    assert text.splitlines()[-2].startswith('error: ') and text.splitlines()[-1] == FAULT


def test_a_wrong_argument_of_a_config_is_a_user_error_but_a_bug_in_the_class_is_not(capsys):
    def build(**arguments):
        return lambda: build_from_cfg(dict(type='Adder', **arguments), CLASSES)

    status, text = ended(build(nmber=1), capsys)
    assert status == 1 and text == (
        "error: Adder.__init__() got an unexpected keyword argument 'nmber'\n"
    )
    assert ended(build(number='1'), capsys)[1].startswith('Traceback')
    status, text = ended(lambda: build_from_cfg(dict(type='Added'), CLASSES), capsys)
    assert status == 1 and text.startswith('error: Added is not in the mmengine::class registry')


@pytest.mark.parametrize(
    ('error', 'line'),
    [
        (ValueError('cannot read 7.jpg:\nit is cut off'), 'cannot read 7.jpg: it is cut off'),
        (KeyError("no 'label'"), "no 'label'"),
        (FileNotFoundError(2, 'No such file', '7.jpg'), "[Errno 2] No such file: '7.jpg'"),
    ],
)
def test_an_error_in_a_worker_is_one_line(error, line, capsys):
    def main():
        next(iter(DataLoader(Broken(error), num_workers=1)))

    assert ended(main, capsys) == (1, f'error: {line}\n')


def test_a_bug_in_a_worker_keeps_its_traceback(capsys):
    status, text = ended(lambda: next(iter(DataLoader(Broken(None), num_workers=1))), capsys)
    assert status == 1 and text.startswith('Traceback') and FAULT in text


def test_debug_shows_the_traceback_of_a_user_error(capsys, monkeypatch):
    monkeypatch.setattr(sys, 'argv', ['tool', 'search', '--debug'])
    status, text = ended(raising(ValueError('rows')), capsys)
    assert status == 1 and text.startswith('Traceback') and text.endswith('\nerror: rows\n')
    assert FAULT not in text
    parser = ToolParser()
    parser.add_subparsers(dest='command').add_parser('search')
    for line in (['search', '--debug'], ['--debug', 'search']):
        assert parser.parse_args(line).debug


@pytest.mark.parametrize(('given', 'status'), [(None, 0), (0, 0), (1, 1)])
def test_the_status_is_that_of_the_tool(given, status):
    assert run_tool(lambda: given) == status


def test_a_tool_may_choose_the_status_of_user_errors(capsys):
    def main():
        raise ValueError('no bank')

    assert (run_tool(main, 2), run_tool(lambda: 1, 2)) == (2, 1)


def test_an_interrupt_is_one_word(capsys):
    assert ended(raising(KeyboardInterrupt()), capsys) == (130, 'interrupted\n')
    again = raising(KeyboardInterrupt('again'))
    assert ended(again, capsys) == (130, 'interrupted: again\n')


def test_the_log_of_a_run_has_the_traceback(tmp_path, capsys):
    log = tmp_path / 'run.log'

    def main():
        MMLogger.get_instance('of this test', log_file=str(log))
        raise ValueError('loss is nan')

    assert ended(main, capsys) == (1, f'error: loss is nan (log: {log})\n')
    assert 'raise ValueError' in log.read_text()
    # a later tool in this process does not write to the log of an earlier run
    assert ended(raising(ValueError('rows')), capsys) == (1, 'error: rows\n')


def test_a_closed_pipe_ends_the_tool_silently():
    reading, writing = os.pipe()
    os.close(reading)
    process = Forked(lambda: run_tool(lambda: print('x' * 99999)), writing)
    os.close(writing)
    assert process.wait() == (141, '', '')


@pytest.mark.skipif(not os.path.exists('/dev/full'), reason='no device that is always full')
def test_a_full_disk_is_one_line():
    with open('/dev/full', 'w') as full:
        process = Forked(lambda: run_tool(lambda: print('x')), full.fileno())
    assert process.wait() == (1, '', 'error: No space left on device\n')


def stopping(ranks):
    """Return a tool for several ranks, of which some raise a user error."""

    def main():
        torch.distributed.init_process_group('gloo')
        rank = torch.distributed.get_rank()
        if rank in ranks:
            raise ValueError(f'rows of {rank}')
        torch.distributed.barrier()

    return lambda: run_tool(main)


@pytest.mark.parametrize('failing', [{0, 1}, {1}, {0}])
def test_one_of_several_ranks_prints(failing):
    """Ranks that lose their connection to a failed one print nothing."""
    names = {'WORLD_SIZE': '2', 'MASTER_ADDR': '127.0.0.1', 'MASTER_PORT': free_port()}
    ranks = [Forked(stopping(failing), RANK=rank, **names) for rank in '01']
    ends = [rank.wait() for rank in ranks]
    assert [end.status for end in ends] == [1, 1]
    text = ''.join(end.err for end in ends)
    # torch may warn that rank 0, which has the store, exits first
    errors = [line for line in text.splitlines() if line.startswith('error: ')]
    assert len(errors) == 1 and re.fullmatch(r'error: rows of \d', errors[0]), ends
    assert 'Traceback' not in text
