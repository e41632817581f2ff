"""A script of the peer in its own interpreter, which answers one request at a time."""

import json
import subprocess
from pathlib import Path
from typing import Any

PEERS = Path(__file__).resolve().parent / 'peers'


class PeerProcess:
    """A running script of ``peers/``: a line to its input, a line of JSON from its output.

    Args:
        python (str): Interpreter with the peer's packages.
        script (str): Name of the script.
        *args: Its arguments.

    Raises:
        RuntimeError: If the script ends before its first answer.
    """

    def __init__(self, python: str, script: str, *args: object):
        self.process = subprocess.Popen(
            [python, '-W', 'ignore', str(PEERS / script), *map(str, args)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def ask(self, request: object = '') -> Any:
        """Send a request and return the answer."""
        print(request, file=self.process.stdin, flush=True)
        return self._answer()

    def close(self) -> None:
        """End the process by closing its input."""
        self.process.stdin.close()
        self.process.wait()

    def _answer(self) -> Any:
        for line in self.process.stdout:
            if line[0] in '{"0123456789':  # the other lines are from packages that print
                return json.loads(line)
        raise RuntimeError(f'the peer ended with code {self.process.wait()}')
