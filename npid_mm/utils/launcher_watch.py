"""End a process whose launcher is gone."""

import os
import signal
import sys
import threading
import time

# torchrun sets it for its ranks; `run_logged` names the tool that started a process
ELASTIC, TOOL = 'TORCHELASTIC_RUN_ID', 'NPID_MM_TOOL_PID'
INTERVAL = 0.5  # seconds between two looks
GRACE = 300.0  # seconds to save a checkpoint before the process is killed


def end_with_launcher() -> None:
    """Watch what started this process, and end the process when that is gone.

    A launcher that is killed cannot end its ranks, which would train on unseen. A thread sends
    SIGTERM to this process then, on which ``GracefulStopHook`` saves a checkpoint, and SIGKILL if
    it is still there after :data:`GRACE` seconds. Watched are torchrun and the tools of this
    package that start others. A process started from a shell outlives it.
    """
    parent, tool = os.getppid(), int(os.environ.get(TOOL, 0))
    if ELASTIC in os.environ or tool:
        watched = parent if ELASTIC in os.environ or tool == parent else None
        threading.Thread(target=_watch, args=(watched, tool), daemon=True).start()


def _watch(parent: int | None, tool: int) -> None:
    """Wait until the parent or the tool is gone, then end this process."""
    while (parent is None or os.getppid() == parent) and (not tool or _runs(tool)):
        time.sleep(INTERVAL)
    print('what started this process is gone: ending it', file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)  # not reached by a process that has ended
    os.kill(os.getpid(), signal.SIGKILL)


def _runs(pid: int) -> bool:
    """Return whether there is a process ``pid``."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
