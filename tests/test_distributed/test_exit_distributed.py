"""Exit of a rank before the interpreter shuts down."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

# One rank is enough to have a process group.
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
        print('finalized')


late = Late()
late.itself = late
exit_distributed(3)
print('returned')
"""


@pytest.mark.parametrize(
    ('group', 'status', 'output'),
    [
        # atexit handlers run, but not the finalization, in which C++ sometimes aborts
        (True, 3, ['outputat exit']),
        (False, 0, ['outputreturned', 'at exit', 'finalized']),
    ],
    ids=['rank', 'no ranks'],
)
def test_a_rank_exits_before_the_interpreter_shuts_down(tmp_path, group, status, output):
    code = RANK.format(group=group, folder=tmp_path)
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code], capture_output=True, text=True, timeout=120
    )
    upstream = ('Could not import', '[Gloo]')
    printed = [line for line in done.stdout.splitlines() if not line.startswith(upstream)]
    assert (done.returncode, printed) == (status, output), done.stderr
