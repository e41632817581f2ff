"""tools/train.py, tools/test.py and their scripts, run by a shell."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import load

import npid_mm
from tests.command_line import free_port, run
from tests.toy import digits_config

pytestmark = pytest.mark.slow


@pytest.fixture
def config(digits, tmp_path):
    """Write the config of two short epochs, with state to resume."""
    cfg = digits_config(digits, tmp_path / 'work', epochs=2)
    cfg.model.head = dict(type='NCEHead', num_negatives=16, temperature=0.2)
    cfg.train_cfg.val_interval = 2
    path = tmp_path / 'config.py'
    cfg.dump(path)
    return path


def load_checkpoint(path):
    return torch.load(path, weights_only=False)


def test_a_training_and_the_test_of_its_checkpoint(config, tmp_path):
    done = run('train.py', config, '--work-dir', tmp_path / 'run')
    assert done.returncode == 0, done.stderr
    # batches of 16
    assert 'meant for a global batch of 32 images' in done.stdout + done.stderr
    done = run('test.py', config, tmp_path / 'run/epoch_2.pth', '--out', tmp_path / 'metrics.json')
    assert done.returncode == 0, done.stderr
    metrics = load(tmp_path / 'metrics.json')
    assert set(metrics) == {f'knn/top1_k{k}' for k in (5, 10, 20, 200)}
    assert all(0 <= value <= 100 for value in metrics.values())


def test_a_resumed_run_equals_the_uninterrupted_one(config, tmp_path):
    """Weights, bank, Z, optimizer, schedule and samples are equal to the bit."""
    assert run('train.py', config, '--work-dir', tmp_path / 'whole').returncode == 0
    half = tmp_path / 'half'
    half.mkdir()
    shutil.copy(tmp_path / 'whole/epoch_1.pth', half)
    (half / 'last_checkpoint').write_text(str(half / 'epoch_1.pth'))
    done = run('train.py', config, '--work-dir', half, '--resume')
    assert done.returncode == 0, done.stderr
    first, whole, resumed = (
        load_checkpoint(path)
        for path in (half / 'epoch_1.pth', tmp_path / 'whole/epoch_2.pth', half / 'epoch_2.pth')
    )
    for part in ('state_dict', 'optimizer', 'param_schedulers'):
        assert_equal(whole[part], resumed[part])
    rows = 'memory_bank.feature_bank'
    assert not torch.equal(first['state_dict'][rows], whole['state_dict'][rows])
    assert int(whole['state_dict']['head.z_count']) == 1


def test_two_processes_train_on_a_folder_of_images(digits, tmp_path):
    """One batch of each, of an epoch; the network embeds without its config."""
    out = tmp_path / 'run'
    words = ['train', digits / 'train', '--out', out, '--model', 'resnet18-w16', '--epochs', 1]
    options = ['--image-size', 16, '--workers', 0, '--batch-size', 300, '--gpus', 2]
    done = run('npid', *words, *options)
    assert done.returncode == 0, done.stderr
    assert f'Finished: {out}/epoch_1.pth' in done.stdout
    checkpoint = load_checkpoint(out / 'epoch_1.pth')
    images = len(list((digits / 'train').glob('*/*.png')))
    assert len(checkpoint['state_dict']['memory_bank.feature_bank']) == images
    assert checkpoint['meta']['iter'] == images // 300
    assert Config.fromfile(out / 'config.py').train_dataloader.batch_size == 150
    assert load(out / 'run.json')['measured']['image_size'] == 32  # of the files
    assert len(npid_mm.embed(out, digits / 'val/3').vectors)


def assert_equal(left, right):
    """Compare nested dicts and lists, to the bit."""
    assert type(left) is type(right)
    if isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left:
            assert_equal(left[key], right[key])
    elif isinstance(left, (list, tuple)):
        assert len(left) == len(right)
        for one, other in zip(left, right, strict=True):
            assert_equal(one, other)
    elif isinstance(left, torch.Tensor):
        assert torch.equal(left, right)
    else:
        assert left == right


def test_checkpoint_loads_with_weights_only_safety(config, tmp_path):
    assert run('train.py', config, '--work-dir', tmp_path / 'run').returncode == 0
    state = torch.load(tmp_path / 'run/epoch_2.pth', weights_only=True)
    assert state['state_dict']['memory_bank.feature_bank'].shape == (64, 16)


def test_options_reach_the_run(config, tmp_path):
    """Read --cfg-options and --auto-scale-lr back from the checkpoint."""
    options = ['train_cfg.max_epochs=1', 'model.head.temperature=0.3']
    done = run(
        'train.py', config, '--work-dir', tmp_path / 'run', '--auto-scale-lr', '--cfg-options',
        *options,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 'meant for a global batch' not in done.stdout + done.stderr
    assert Config.fromfile(tmp_path / 'run/config.py').model.head.temperature == 0.3
    state = load_checkpoint(tmp_path / 'run/epoch_1.pth')
    # batches of 16 where the rate is meant for 32
    assert state['optimizer']['param_groups'][0]['initial_lr'] == pytest.approx(1e-3 / 2)


def test_amp_needs_a_gpu_and_reaches_the_optimizer(config, tmp_path):
    """MMEngine's wrapper refuses the CPU, so its message shows that the option is applied."""
    done = run('train.py', config, '--work-dir', tmp_path / 'run', '--amp')
    if torch.cuda.is_available():
        assert done.returncode == 0, done.stderr
    else:
        assert 'is only available training on gpu' in done.stderr
    assert Config.fromfile(tmp_path / 'run/config.py').optim_wrapper.type == 'AmpOptimWrapper'


def test_two_ranks_equal_one_process_on_the_same_global_batch(digits, tmp_path):
    """Run them on the CPU with --gpus, and with the scripts, also on two machines.

    The two machines have one address here.
    """
    cfg = digits_config(digits, tmp_path / 'work', epochs=2)
    # an adaptive step would amplify the rounding of a gradient near zero
    cfg.optim_wrapper.optimizer = dict(type='SGD', lr=0.03, momentum=0.9)
    config = tmp_path / 'exact.py'
    cfg.dump(config)
    port = dict(PORT=free_port())
    done = run('npid', 'train', config, '--gpus', 2, '--work-dir', tmp_path / 'two')
    assert done.returncode == 0, done.stderr
    with ThreadPoolExecutor() as machines:
        started = [
            machines.submit(
                run, 'dist_train.sh', config, 1, '--work-dir', tmp_path / 'machines',
                NNODES='2', NODE_RANK=node, MASTER_ADDR='127.0.0.1', **port,
            )
            for node in '01'
        ]  # fmt: skip
    assert [each.result().returncode for each in started] == [0, 0], started[0].result().stderr
    options = ['--cfg-options', 'train_dataloader.batch_size=32']
    done = run('train.py', config, '--work-dir', tmp_path / 'one', *options)
    assert done.returncode == 0, done.stderr
    one = load_checkpoint(tmp_path / 'one/epoch_2.pth')['state_dict']
    for name in ('two', 'machines'):
        ranks = load_checkpoint(tmp_path / name / 'epoch_2.pth')
        assert ranks['meta']['iter'] == 4  # 64 images in steps of 2 x 16, 2 epochs
        torch.testing.assert_close(ranks['state_dict'], one, rtol=1e-5, atol=1e-6)

    tested = [config, tmp_path / 'two/epoch_2.pth']
    done = run('dist_test.sh', *tested, 1, '--out', tmp_path / '1.json', **port)
    assert done.returncode == 0, done.stderr
    done = run('npid', 'test', *tested, '--gpus', 2, '--out', tmp_path / '2.json')
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / '1.json') == load(tmp_path / '2.json')


def test_an_error_of_several_ranks_is_reported_once(config, tmp_path):
    """And the exit status of the ranks is that of the command."""
    options = ['--work-dir', tmp_path / 'run', '--cfg-options', 'model.head.temperature=0']
    done = run('npid', 'train', config, '--gpus', 2, *options)
    lines = [line for line in done.stderr.splitlines() if 'error' in line.lower()]
    assert done.returncode == 1 and len(lines) == 1, done.stderr
    assert lines[0].startswith('error: ') and 'temperature must be' in lines[0]


@pytest.mark.parametrize(
    ('tool', 'arguments', 'message'),
    [
        ('dist_train.sh', ['CONFIG'], 'number of ranks'),
        ('slurm_train.sh', ['partition'], 'job name'),
    ],
)
def test_missing_arguments_of_scripts_are_named(config, tool, arguments, message):
    done = run(tool, *[config if each == 'CONFIG' else each for each in arguments])
    assert done.returncode != 0 and message in done.stderr


@pytest.mark.parametrize('what', ['train', 'test'])
def test_slurm_scripts_pass_everything_to_srun(config, tmp_path, what):
    """A stand-in for srun prints its arguments."""
    srun = tmp_path / 'srun'
    srun.write_text('#!/bin/sh\necho "$@"\n')
    srun.chmod(0o755)
    checkpoint = ['last.pth'] if what == 'test' else []
    done = run(
        f'slurm_{what}.sh', 'gpu', 'job', config, *checkpoint, '--amp',
        PATH=f'{tmp_path}:{os.environ["PATH"]}', GPUS='16', SRUN_ARGS='--mem 8G',
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for part in (
        '-p gpu --job-name=job --gres=gpu:8 --ntasks=16 --ntasks-per-node=8',
        '--mem 8G',
        f'{what}.py {" ".join([str(config), *checkpoint])} --launcher slurm --amp',
    ):
        assert part in done.stdout
