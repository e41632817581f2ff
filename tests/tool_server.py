"""Tools as processes that are forked from a server with their imports, which take seconds.

The server is a process of its own, as one that has computed with torch cannot be forked safely.
"""

import multiprocessing
import os
import runpy
import sys
import tempfile
from pathlib import Path

from tests.forked import Ended
from tests.toy import ROOT

LIMIT = 120  # seconds
COMMANDS = ('benchmark', 'list_files', 'picture_options', 'quickstart.command', 'retrieve', 'sweep')
SERVER = multiprocessing.get_context('forkserver')
SERVER.set_forkserver_preload(
    [
        'tests.tool_server',
        *(f'npid_mm.cli.{name}' for name in COMMANDS),
        *('matplotlib.pyplot', 'mmpretrain.engine', 'mmpretrain.visualization'),
    ]
)


def run_tool_file(tool: str, arguments: list[str], folder: Path) -> Ended:
    """Run a tool in a folder.

    Args:
        tool (str): Its path below tools/.
        arguments (list[str]): Its arguments.
        folder (Path): The working directory.
    """
    with tempfile.TemporaryDirectory() as outputs:
        files = [Path(outputs) / name for name in ('out', 'err')]
        path = str(ROOT / 'tools' / tool)
        process = SERVER.Process(target=_run, args=(path, arguments, str(folder), files))
        process.start()
        process.join(LIMIT)
        process.kill()
        process.join()
        return Ended(process.exitcode, *(file.read_text(errors='replace') for file in files))


def _run(path: str, arguments: list[str], folder: str, files: list[Path]) -> None:
    for number, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    sys.stdout, sys.stderr = open(1, 'w', closefd=False), open(2, 'w', closefd=False)
    os.chdir(folder)
    sys.argv = [path, *arguments]
    sys.path[0] = str(Path(path).parent)
    runpy.run_path(path, run_name='__main__')
