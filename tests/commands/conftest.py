"""A copy of the project in which the commands of the docs are run."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

from tests.pages import Block, blocks
from tests.toy import ROOT

# the first command of a new user in a clone
QUICKSTART = ROOT / 'docs/quickstart.md'
FIRST = next(each for each in blocks(QUICKSTART, 'shell') if each.code == 'make quickstart\n')

EPOCHS = 8  # of the quickstart

# what a clone does not hold
LEFT = {'.git', '.venv', '.venv-peer', 'build', 'data', 'dist', 'work_dirs'}

# Set-up before the first command of a page: activate the environment without installing it again,
# and do not run tests within tests.
SHELL = """set -eo pipefail
cd '{root}'
source .venv/bin/activate
make() {{
    case $1 in test*) set -- --dry-run "$@" ;; esac
    command make -o .venv/.installed -o .venv/.dev-installed "$@"
}}
"""


class Workshop:
    """The project's files, the environment of this test run, and a shell.

    Args:
        root (Path): Where the copy is made.
    """

    def __init__(self, root: Path):
        self.root = root
        # not copytree's own ignore: folders called data lie below the package too
        for path in ROOT.iterdir():
            if path.name in LEFT or path.suffix == '.egg-info':
                continue
            if path.is_dir():
                caches = shutil.ignore_patterns('__pycache__')
                shutil.copytree(path, root / path.name, symlinks=True, ignore=caches)
            else:
                shutil.copy2(path, root / path.name)
        (root / '.venv').symlink_to(ROOT / '.venv')
        # ruff skips what git ignores
        subprocess.run(['git', 'init', '--quiet', root], check=True)

    def run(
        self,
        blocks: list[Block],
        names: dict[str, str] | None = None,
        variables: dict[str, str] | None = None,
    ) -> None:
        """Run blocks of a page in one shell, and stop at the first failure.

        A Python block is run if it imports something; otherwise it is a config, and its model is
        built.

        Args:
            blocks (list[Block]): In ``shell`` or ``python``.
            names (dict[str, str], optional): Replacements of names in capital letters.
            variables (dict[str, str], optional): More environment variables.
        """
        script = [SHELL.format(root=self.root)]
        for block in blocks:
            script.append(f"echo '== {block.page}, line {block.line}'")
            if block.language == 'shell':
                code = block.code
                for name, value in (names or {}).items():
                    code = re.sub(rf'(?<![\w$]){name}(?![\w=])', value, code)
                script.append(code)
            elif re.search(r'^(from|import) ', block.code, re.MULTILINE):
                script.append(f"python - <<'END'\n{block.code}END")
            else:
                script.append(self._build(block))
        shell = subprocess.run(
            ['bash', '-c', '\n'.join(script)],
            # the environment has the tree that was copied as an editable install
            env={
                **os.environ,
                'PYTHONPATH': str(self.root),
                'OMP_NUM_THREADS': '1',
                **(variables or {}),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert shell.returncode == 0, shell.stdout[-6000:]

    def _build(self, block: Block) -> str:
        """Write a config beside its bases; return the command that builds its model."""
        folder = self.root / ('configs/selfsup/npid' if "'../_base_/" in block.code else '.')
        path = folder / f'{Path(block.page).stem}_{block.line}.py'
        path.write_text(block.code)
        return (
            'python -c "import npid_mm; from mmengine.config import Config; '
            'from mmpretrain.registry import MODELS; '
            f"MODELS.build(Config.fromfile('{path}').model)\""
        )


@pytest.fixture(scope='session')
def quickstart(tmp_path_factory):
    """Run the first command of the docs once for all workers; return their work dir.

    They train for a few epochs; the checkpoint has the name of the last epoch all the same.
    """
    base = tmp_path_factory.getbasetemp()
    base = base.parent if 'PYTEST_XDIST_WORKER' in os.environ else base
    left = base / 'quickstart/work_dirs/quickstart'
    with FileLock(base / 'quickstart.lock'):
        if not (left / 'results.json').exists():
            shutil.rmtree(base / 'quickstart', ignore_errors=True)
            (base / 'quickstart').mkdir()
            options = {'QUICKSTART_ARGS': f'--epochs {EPOCHS}'}
            Workshop(base / 'quickstart').run([FIRST], variables=options)
            shutil.copy(left / f'epoch_{EPOCHS}.pth', left / 'epoch_120.pth')
    return left


@pytest.fixture
def workshop(tmp_path):
    """A fresh copy of the project."""
    return Workshop(tmp_path)
