"""Run tools as a shell does."""

import os
import socket
import subprocess
import sys

from tests.toy import ROOT


def run(tool, *arguments, **environment):
    """Run a file of tools/ or ``npid`` on one thread; return the finished process."""
    command = [ROOT / 'tools' / tool, *map(str, arguments)]
    if tool == 'npid':
        command = [sys.executable, '-m', 'npid_mm', *command[1:]]
    else:
        command = ['bash', *command] if tool.endswith('.sh') else [sys.executable, *command]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHON': sys.executable, **environment},
        timeout=300,
    )


def free_port():
    """Return a port that no process listens on."""
    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return str(listener.getsockname()[1])
