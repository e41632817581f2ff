"""The tools of tools/ as processes of another tool."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from .launcher_watch import TOOL

SIGNALS = (signal.SIGINT, signal.SIGTERM)


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
    training saves first, and none goes on unseen. If this process is killed, a training that it
    started ends too.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    # what the shell scripts start, and what a training ends with
    environment = {**os.environ, 'PYTHON': sys.executable, TOOL: str(os.getpid())}
    before = {each: signal.getsignal(each) for each in SIGNALS}
    came = []
    try:
        for each in SIGNALS:  # a process that is just being started could not be ended yet
            if before[each] is not signal.SIG_IGN:  # behind nohup, say
                signal.signal(each, lambda *what: came.append(what[0]))
        with (
            open(log, 'ab') as file,
            subprocess.Popen(command, stdout=file, stderr=file, env=environment) as process,
        ):
            try:
                signal.signal(signal.SIGINT, before[signal.SIGINT])
                signal.signal(signal.SIGTERM, _exit)
                for each in came:
                    signal.raise_signal(each)
                return process.wait()
            except BaseException:
                process.terminate()
                process.wait()
                raise
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _exit(signum, frame) -> None:
    raise SystemExit(128 + signum)
