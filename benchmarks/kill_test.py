"""Kill trainings at random moments, resume them, and compare the results with a complete run.

    python benchmarks/kill_test.py --kills 50

Every attempt is ``tools/train.py CONFIG --resume`` in its own process group, forked from this
process, which has imported everything. Every second kill (SIGKILL) happens while a checkpoint is
written. After each kill every checkpoint must be complete, and at most the steps of one checkpoint
interval may be lost. A finished run must equal the uninterrupted one to the bit, without leftover
files. The first failure ends the test with status 1.
"""

import argparse
import contextlib
import multiprocessing
import os
import random
import runpy
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from npid_mm.datasets import split_folder, write_digits

ROOT = Path(__file__).resolve().parents[1]
DIGITS = ROOT / 'configs/selfsup/npid/npid-exact_resnet18-w16_1xb32-coslr-60e_digits.py'
EPOCHS = 5
STEPS = 8  # per epoch, which is the checkpoint interval
BATCH = 16

# the last finished step of the running attempt, shared with the forked children
finished_step = multiprocessing.Value('l', 0, lock=False)


@HOOKS.register_module()
class CountSteps(Hook):
    """Report the finished steps to the parent process."""

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Report this step."""
        finished_step.value = runner.iter + 1


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--kills', type=int, default=50)
    parser.add_argument('--seed', type=int, default=0, help='seed of the moments')
    parser.add_argument('--work-dir', type=Path, help='default: a temporary folder')
    return parser.parse_args()


def main() -> None:
    """Kill, resume and compare until all kills are done."""
    args = parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = (args.work_dir or Path(scratch)).resolve()
        config = write_config(folder)
        start = time.perf_counter()
        attempt(config, folder / 'whole')
        duration = time.perf_counter() - start
        end = load_end(folder / 'whole')
        print(f'whole run: {EPOCHS} epochs of {STEPS} steps in {duration:.1f} s')
        kill_runs(args, config, folder, duration, end)


def kill_runs(
    args: argparse.Namespace, config: Path, folder: Path, duration: float, end: dict
) -> None:
    """Start runs until ``args.kills`` kills are done and the last run is finished."""
    generator = random.Random(args.seed)
    kills = runs = writes = most = 0
    print('kill  run  after s  done  saved  lost  in a write')
    while kills < args.kills:
        runs += 1
        work_dir = folder / f'run_{runs}'
        work_dir.mkdir()
        saved = 0
        while True:
            finished_step.value = saved  # an attempt may die before its first step
            moment = generator.uniform(0, duration) if kills < args.kills else None
            leftovers = unfinished(work_dir)
            if not attempt(config, work_dir, moment, wait_for_write=kills % 2 == 1):
                break
            kills += 1
            saved = check_files(work_dir)
            lost = finished_step.value - saved
            writing = bool(unfinished(work_dir) - leftovers)
            print(
                f'{kills:4}  {runs:3}  {moment:7.2f}  {finished_step.value:4}  {saved:5}  {lost:4}'
                f'  {"yes" if writing else "no"}',
                flush=True,
            )
            demand(lost <= STEPS, f'{lost} steps are lost, more than an interval of {STEPS}')
            writes += writing
            most = max(most, lost)
        check_files(work_dir)
        demand(not unfinished(work_dir), 'a killed write left its file')
        demand(equal(end, load_end(work_dir)), f'run {runs} ended in another state')
    print(f'kills: {kills} in {runs} runs, {writes} in the middle of a write')
    print(f'half-written checkpoints: 0; most steps lost: {most} of {STEPS} per interval')
    print('final states equal to the bit: yes')


def write_config(folder: Path) -> Path:
    """The digits config with a tiny network and few images, and a checkpoint each epoch."""
    root = write_digits(folder / 'digits')
    split_folder(root, root)
    cfg = Config.fromfile(DIGITS)
    cfg.model.backbone.update(stem_channels=8, base_channels=8)
    cfg.model.neck.in_channels = 64
    cfg.model.memory_bank.init = 'random'
    cfg.model.head = dict(type='NCEHead', num_negatives=64, temperature=0.2)
    cfg.train_cfg.update(max_epochs=EPOCHS, val_begin=EPOCHS + 1)
    cfg.train_dataloader.update(batch_size=BATCH, num_workers=0)
    cfg.train_dataloader.dataset.dataset.update(data_root=str(root), indices=STEPS * BATCH)
    cfg.val_dataloader.dataset.data_root = str(root)
    cfg.default_hooks.checkpoint.interval = 1
    cfg.custom_hooks = [dict(type='CountSteps')]
    cfg.randomness = dict(seed=0)
    path = folder / 'config.py'
    cfg.dump(path)
    return path


def attempt(
    config: Path, work_dir: Path, moment: float | None = None, wait_for_write: bool = False
) -> bool:
    """Train with ``--resume``, and return whether the training was killed before its end.

    Args:
        config (Path): The config.
        work_dir (Path): The work dir.
        moment (float, optional): Seconds until the kill; None for no kill.
        wait_for_write (bool): After ``moment``, wait until a checkpoint is being written.
    """
    leftovers = unfinished(work_dir)
    child = os.fork()
    if child == 0:
        run_tool(config, work_dir)
    start = time.perf_counter()
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            log = Path(f'{work_dir}.log')
            demand(status == 0, f'training failed: {log}\n{log.read_text()[-2000:]}')
            return False
        due = moment is not None and time.perf_counter() - start >= moment
        if due and (not wait_for_write or unfinished(work_dir) - leftovers):
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return True
        time.sleep(0.0005)


def run_tool(config: Path, work_dir: Path) -> None:
    """Run tools/train.py in a new process group with its output in a log, and exit."""
    status = 1
    try:
        os.setsid()
        log = os.open(f'{work_dir}.log', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.argv = ['train.py', str(config), '--work-dir', str(work_dir), '--resume']
        runpy.run_path(str(ROOT / 'tools/train.py'), run_name='__main__')
        status = 0
    except SystemExit as end:
        status = end.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def unfinished(work_dir: Path) -> set[tuple[str, int]]:
    """Return names and times of the files that are being written, or were left by a kill."""
    found = set()
    for path in work_dir.glob('*.unfinished'):
        with contextlib.suppress(FileNotFoundError):  # finished meanwhile
            found.add((path.name, path.stat().st_ctime_ns))
    return found


def check_files(work_dir: Path) -> int:
    """Check that every checkpoint can be read, and return the largest iteration, 0 without any."""
    pointer = work_dir / 'last_checkpoint'
    if pointer.exists():
        named = Path(pointer.read_text())
        demand(named.is_file(), f'last_checkpoint names {named}, which does not exist')
    furthest = 0
    for path in work_dir.glob('*.pth'):
        try:
            state = torch.load(path, weights_only=True)
        except Exception as error:
            demand(False, f'{path} is incomplete: {error}')
        furthest = max(furthest, state['meta']['iter'])
    return furthest


def load_end(work_dir: Path) -> dict:
    """Load the final weights, bank, optimizer and schedules of a run."""
    state = torch.load(work_dir / f'epoch_{EPOCHS}.pth', weights_only=True)
    return {key: state[key] for key in ('state_dict', 'optimizer', 'param_schedulers')}


def equal(left, right) -> bool:
    """Compare two values to the bit, also in dicts and lists."""
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(equal, left, right))
    return torch.equal(left, right) if isinstance(left, torch.Tensor) else left == right


def demand(condition: bool, message: str) -> None:
    """End the test with ``message`` unless ``condition`` holds."""
    if not condition:
        raise SystemExit(f'FAILED: {message}')


if __name__ == '__main__':
    main()
