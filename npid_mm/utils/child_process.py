"""Run tools as logged child processes."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from .launcher_watch import TOOL

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def tool_command(tools: Path, name: str, arguments: list, ranks: int = 1) -> list[str]:
    """Build the command of tools/train.py or tools/test.py; options can be appended.

    Args:
        tools (Path): The folder tools/.
        name (str): 'train', 'test', or with one rank 'sweep', which launches the ranks of its runs.
        arguments (list): Positional arguments: a config, and a checkpoint to test.
        ranks (int): Number of ranks; more than one are launched by tools/dist_*.sh.
    """
    arguments = [str(each) for each in arguments]
    if ranks == 1:
        return [sys.executable, str(tools / f'{name}.py'), *arguments]
    return ['bash', str(tools / f'dist_{name}.sh'), *arguments, str(ranks)]


def run_logged(command: list[str], log: Path) -> int:
    """Run a command, append its output to ``log``, and return its exit status.

    On SIGINT or SIGTERM, terminate the command and wait, so that it can save a checkpoint. If this
    process is killed, :mod:`~npid_mm.utils.launcher_watch` ends the trainings that it started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    # PYTHON is the interpreter of the shell scripts
    environment = {**os.environ, 'PYTHON': sys.executable, TOOL: str(os.getpid())}
    before = {each: signal.getsignal(each) for each in SIGNALS}
    deferred = []
    try:
        for each in SIGNALS:  # defer signals until the child exists
            if before[each] is not signal.SIG_IGN:  # e.g. with nohup
                signal.signal(each, lambda *what: deferred.append(what[0]))
        with (
            open(log, 'ab') as file,
            subprocess.Popen(command, stdout=file, stderr=file, env=environment) as process,
        ):
            try:
                signal.signal(signal.SIGINT, before[signal.SIGINT])
                signal.signal(signal.SIGTERM, _exit)
                for each in deferred:
                    signal.raise_signal(each)
                return process.wait()
            except BaseException:
                process.terminate()
                process.wait()
                raise
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _exit(signum: int, frame: object) -> NoReturn:
    raise SystemExit(128 + signum)
