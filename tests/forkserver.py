"""Start processes from a server that has the imports of the package, which take seconds.

The server is a process of its own, as one that has computed with torch cannot be forked safely. It
has the environment of the moment when the first process was started.
"""

import multiprocessing

METHOD = 'forkserver'
COMMANDS = (
    'benchmark', 'convert.checkpoint', 'data.check', 'draw.retrieval', 'main',
    'quickstart.command', 'retrieve', 'sweep', 'test', 'train',
)  # fmt: skip
SERVER = multiprocessing.get_context(METHOD)
SERVER.set_forkserver_preload(
    [
        *('tests.tool_server', 'tests.test_distributed.ranks'),
        *(f'npid_mm.cli.{name}' for name in COMMANDS),
        *('matplotlib.pyplot', 'mmpretrain.engine', 'mmpretrain.visualization'),
    ]
)
