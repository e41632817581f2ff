"""End this process when its launcher has ended."""

import os
import signal
import sys
import threading
import time

# set by torchrun for its ranks, and by `run_logged` to the process id of the tool
ELASTIC, TOOL = 'TORCHELASTIC_RUN_ID', 'NPID_MM_TOOL_PID'
INTERVAL = 0.5  # seconds between two checks
GRACE = 300.0  # seconds to save a checkpoint before the process is killed


def end_with_launcher() -> None:
    """Watch the launcher of this process, and end the process when the launcher has ended.

    A killed launcher cannot end its ranks, which would keep training. A thread then sends SIGTERM
    to this process, on which ``GracefulStopHook`` saves a checkpoint, and SIGKILL after
    :data:`GRACE` seconds. Launchers are torchrun and the tools of this package that start others. A
    process started from a shell outlives the shell.
    """
    parent, tool = os.getppid(), int(os.environ.get(TOOL, 0))
    if ELASTIC in os.environ or tool:
        watched = parent if ELASTIC in os.environ or tool == parent else None
        threading.Thread(target=_watch, args=(watched, tool), daemon=True).start()


def _watch(parent: int | None, tool: int) -> None:
    """Wait until the parent or the tool has ended, then end this process."""
    while (parent is None or os.getppid() == parent) and (not tool or _runs(tool)):
        time.sleep(INTERVAL)
    print('the launcher of this process has ended: ending the process', file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os.kill(os.getpid(), signal.SIGKILL)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
