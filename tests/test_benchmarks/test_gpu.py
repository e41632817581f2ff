"""The measurements for a GPU, tried on the CPU at a toy size."""

import time

import pytest
import torch

pytestmark = pytest.mark.slow


def test_pieces_run_once_and_the_rest_is_named(script, tiny_cifar10, tmp_path, monkeypatch, capsys):
    gpu = script('gpu')
    monkeypatch.setattr(torch._dynamo.config, 'disable', True)  # compilation takes a minute
    options = ['--toy', '--device', 'cpu', '--rounds', '1', '--workers', '0']
    options += ['--images', str(tiny_cifar10), '--work-dir', str(tmp_path / 'gpu')]
    monkeypatch.setattr('sys.argv', ['gpu.py', *options, '--minutes', '0'])
    with pytest.raises(SystemExit) as stopped:
        gpu.main()
    assert stopped.value.code == gpu.LEFT
    assert 'left, 12: exact softmax, B=4, N=1,000, float32; ' in capsys.readouterr().out

    # a training that does not end in time is stopped and left
    args = gpu.parse_args()
    assert gpu.cifar10_row(args, time.monotonic()) is None

    monkeypatch.setattr('sys.argv', ['gpu.py', *options, '--minutes', '5'])
    gpu.main()
    found = capsys.readouterr().out
    assert 'training step, bfloat16, compiled; median ms ' in found
    assert 'CIFAR-10, exact softmax; svm ' in found and found.endswith('nothing is left\n')

    monkeypatch.setattr(gpu, 'times', None)  # nothing is measured again
    gpu.main()
    assert capsys.readouterr().out == found[found.index('exact softmax, B=4') :]
