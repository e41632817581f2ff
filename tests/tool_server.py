"""Tools as processes that are forked behind their imports, which take seconds.

The server that forks them is a process of its own: one that has computed with torch cannot be
forked safely.
"""

import multiprocessing
import os
import runpy
import sys
import tempfile
from pathlib import Path

from tests.forked import Ended
from tests.toy import ROOT

LIMIT = 120  # seconds, after which a tool hangs
SERVER = multiprocessing.get_context('forkserver')
SERVER.set_forkserver_preload(['tests.tool_server', 'npid_mm.engine.launch', 'npid_mm.retrieval'])


def run_tool_file(tool: str, arguments: list[str], folder: Path) -> Ended:
    """Run a tool in a folder.

    Args:
        tool (str): Its path from tools/.
        arguments (list[str]): What is typed behind it.
        folder (Path): Where it is typed.
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
