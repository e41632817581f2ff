"""The end of a rank."""

import subprocess
import sys

import pytest

# One rank is enough: what differs is that there is a process group.
RANK = """
import atexit, sys
import torch
from npid_mm.engine.distributed import exit_distributed

if {group}:
    torch.distributed.init_process_group(
        'gloo', init_method='file://{folder}/meet', rank=0, world_size=1
    )
atexit.register(print, 'at exit')
print('output', end='')


class Late:
    def __del__(self):
        print('taken apart')


late = Late()
late.itself = late
exit_distributed(3)
print('went on')
"""


@pytest.mark.parametrize(
    ('group', 'status', 'output'),
    [
        # what is registered for the exit runs, nothing after it: there C++ aborts now and then
        (True, 3, ['outputat exit']),
        (False, 0, ['outputwent on', 'at exit', 'taken apart']),
    ],
    ids=['rank', 'no ranks'],
)
def test_a_rank_ends_before_the_interpreter_is_taken_apart(tmp_path, group, status, output):
    code = RANK.format(group=group, folder=tmp_path)
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True, timeout=120
    )
    upstream = ('Could not import', '[Gloo]')
    printed = [line for line in done.stdout.splitlines() if not line.startswith(upstream)]
    assert (done.returncode, printed) == (status, output), done.stderr
