"""Commands of ``npid`` in processes of a server that has their imports."""

import gc
import os
import sys
import tempfile
from pathlib import Path

from npid_mm.cli.main import main
from tests.forked import Ended
from tests.forkserver import SERVER

LIMIT = 120  # seconds


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
    gc.freeze()  # each data set of MMEngine collects garbage, among all that the server imported
    for number, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    sys.stdout, sys.stderr = open(1, 'w', closefd=False), open(2, 'w', closefd=False)
    os.chdir(folder)
    sys.exit(main(words))
