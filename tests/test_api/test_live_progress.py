"""The progress bar of a training on a terminal."""

import io
import re
import sys

import pytest

from npid_mm.api.live_progress import live_progress
from npid_mm.engine.launch import build_runner
from tests.toy import digits_config

LINE = r'Epoch\(train\)\s+\[2\]\s*\[4/4\]'


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self):
        return True


def train(digits, work_dir, stdout, monkeypatch):
    """Train eight steps with validations, and return what the terminal and the log file got."""
    monkeypatch.setattr(sys, 'stdout', stdout)
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.setenv('COLUMNS', '160')
    cfg = digits_config(digits, work_dir, epochs=2)
    cfg.log_level = 'INFO'
    cfg.train_cfg.val_interval = 1
    cfg.default_hooks.logger.interval = 1
    runner = build_runner(cfg)
    start = len(stdout.getvalue())
    with live_progress(runner):
        runner.train()
        runner.logger.warning('a warning beside the bar')
    (log,) = work_dir.glob('*/*.log')
    return runner, stdout.getvalue()[start:], log.read_text()


@pytest.mark.slow
def test_a_terminal_shows_a_bar(digits, tmp_path, monkeypatch):
    runner, shown, log = train(digits, tmp_path, Terminal(), monkeypatch)
    assert re.search(r'epoch 2/2  loss \d\.\d{3}  .*  [\d,]+ images/s', shown)
    assert '100%' in shown
    assert len(re.findall(r'epoch 1: .*top1_k5 \d+\.\d', shown)) == 1
    assert 'a warning beside the bar' in shown
    assert ' - INFO - ' not in shown
    assert re.search(LINE, log)
    (console,) = (each for each in runner.logger.handlers if type(each).__name__ == 'StreamHandler')
    assert console.stream is sys.stdout
    assert console.level < 30


@pytest.mark.slow
def test_other_outputs_get_log_lines(digits, tmp_path, monkeypatch):
    _, shown, log = train(digits, tmp_path, io.StringIO(), monkeypatch)
    assert re.search(LINE, shown)
    assert 'images/s' not in shown
    assert re.search(LINE, log)
