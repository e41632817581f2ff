"""Commands of ``npid``, forked from a server with their imports, which take seconds.

The server is a process of its own, as one that has computed with torch cannot be forked safely.
"""

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

from npid_mm.cli.main import main
from tests.forked import Ended

LIMIT = 120  # seconds
COMMANDS = (
    'benchmark', 'convert.checkpoint', 'data.check', 'draw.retrieval', 'main',
    'quickstart.command', 'retrieve', 'sweep', 'test', 'train',
)  # fmt: skip
SERVER = multiprocessing.get_context('forkserver')
SERVER.set_forkserver_preload(
    [
        'tests.tool_server',
        *(f'npid_mm.cli.{name}' for name in COMMANDS),
        *('matplotlib.pyplot', 'mmpretrain.engine', 'mmpretrain.visualization'),
    ]
)


def run_npid(command: str, arguments: list[str], folder: Path) -> Ended:
    """Run a command of ``npid`` in a folder.

    Args:
        command (str): Its name.
        arguments (list[str]): Its arguments.
        folder (Path): The working directory.
    """
    with tempfile.TemporaryDirectory() as outputs:
        files = [Path(outputs) / name for name in ('out', 'err')]
        words = [*command.split(), *arguments]
        process = SERVER.Process(target=_run, args=(words, str(folder), files))
        process.start()
        process.join(LIMIT)
        process.kill()
        process.join()
        return Ended(process.exitcode, *(file.read_text(errors='replace') for file in files))


def _run(words: list[str], folder: str, files: list[Path]) -> None:
    for number, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    sys.stdout, sys.stderr = open(1, 'w', closefd=False), open(2, 'w', closefd=False)
    os.chdir(folder)
    sys.exit(main(words))
