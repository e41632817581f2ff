"""The tools of tools/ as processes of another tool."""

import os
import signal
import subprocess
import sys
from pathlib import Path


def tool_command(tools: Path, name: str, arguments: list, ranks: int = 1) -> list[str]:
    """The command that runs tools/train.py or tools/test.py; options can be added at its end.

    Args:
        tools (Path): The folder tools/.
        name (str): 'train', 'test', or with one rank 'sweep', which starts those of its runs.
        arguments (list): What comes before the options: a config, and a checkpoint to test.
        ranks (int): More than one start through tools/dist_*.sh.
    """
    arguments = [str(each) for each in arguments]
    if ranks == 1:
        return [sys.executable, str(tools / f'{name}.py'), *arguments]
    return ['bash', str(tools / f'dist_{name}.sh'), *arguments, str(ranks)]


def run_logged(command: list[str], log: Path) -> int:
    """Run a command, its output at the end of ``log``; gives the exit status.

    Who is interrupted meanwhile, by SIGTERM too, ends the command by SIGTERM and waits for it: a
    training saves first, and none goes on unseen.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, 'PYTHON': sys.executable}  # what the shell scripts start
    before = signal.signal(signal.SIGTERM, _exit)
    try:
        with (
            open(log, 'ab') as file,
            subprocess.Popen(command, stdout=file, stderr=file, env=environment) as process,
        ):
            try:
                return process.wait()
            except BaseException:
                process.terminate()
                process.wait()
                raise
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit(signum, frame) -> None:
    raise SystemExit(128 + signum)
