"""Tests of harmful checkpoints in commands as a user types them."""

import shutil
import subprocess
import sys

import pytest
import torch
from mmengine.config import Config

from npid_mm.engine.launch import build_runner
from tests.command_line import run
from tests.inputs.assembler import Code, doubled, save
from tests.toy import ROOT, digits_config

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def trained(digits, tmp_path_factory):
    """The work dir of one epoch, with a best checkpoint, and the config for one more."""
    folder = tmp_path_factory.mktemp('trained')
    torch.set_num_threads(1)
    cfg = digits_config(digits, folder / 'work')
    cfg.default_hooks.checkpoint.update(save_best='knn/top1_k5', rule='less')
    build_runner(cfg).train()
    cfg = Config(cfg.to_dict())
    cfg.train_cfg.max_epochs = 2
    cfg.dump(folder / 'config.py')
    return folder


def content(trained):
    return torch.load(trained / 'work/epoch_1.pth', weights_only=True)


def test_a_config_in_it_is_not_parsed_and_its_paths_are_not_removed(trained, tmp_path):
    crafted, victim = content(trained), tmp_path / 'victim.pth'
    victim.write_text('keep')
    trace = tmp_path / 'trace'
    crafted['meta']['config'] = f'open({str(trace)!r}, "w").close()'
    crafted['message_hub']['runtime_info'] |= dict(
        best_ckpt=str(victim), best_score=1e9, stop_checkpoints=[str(victim)]
    )
    torch.save(crafted, tmp_path / 'crafted.pth')
    done = run(
        'train.py', trained / 'config.py', '--work-dir', tmp_path / 'new',
        '--resume', tmp_path / 'crafted.pth',
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'new/epoch_2.pth').is_file()
    assert victim.read_text() == 'keep' and not trace.exists()


def test_a_copied_work_dir_leaves_the_original_alone(trained, tmp_path):
    work = shutil.copytree(trained / 'work', tmp_path / 'copied')
    before = sorted(path.name for path in (trained / 'work').iterdir())
    done = run('train.py', trained / 'config.py', '--work-dir', work, '--resume')
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (trained / 'work').iterdir()) == before


@pytest.mark.parametrize('tool', ['train.py', 'model_converters/publish_model.py'])
def test_a_key_that_takes_forever_is_refused_in_one_line(trained, tmp_path, tool):
    crafted = content(trained) | dict(extra=Code(b'}' + doubled(60) + b'Ns'))
    path = save(crafted, tmp_path / 'crafted.pth')
    arguments = [path, tmp_path / 'out']
    if tool == 'train.py':
        arguments = [trained / 'config.py', '--work-dir', tmp_path / 'new', '--resume', path]
    done = run(tool, *arguments)
    said = (done.stdout + done.stderr).strip().splitlines()[-1]
    assert done.returncode == 1
    assert f'cannot read {path} as a checkpoint' in said
    assert 'a key must be a string, a number or a flat tuple of such' in said


def test_importing_the_package_does_not_change_other_loaders():
    """As SECURITY.md says. In this process other tests may have registered the loader."""
    code = (
        'import npid_mm; from mmengine.runner import CheckpointLoader; '
        'print(CheckpointLoader._get_checkpoint_loader("a.pth").__module__)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split()[-1] == 'mmengine.runner.checkpoint', done.stderr
