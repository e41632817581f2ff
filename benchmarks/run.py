"""Run benchmarks and write their output into the pages of docs/.

python benchmarks/run.py [NAME ...]    runs all that need no images, or the named ones; other
                                       sections of the pages stay
"""

import argparse
import datetime
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import torch

from npid_mm.utils.atomic_io import write_atomic

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / 'docs'
PEER = '--peer-python PEER'.split()
DATA = '--images DATA'.split()
RUN = '--checkpoint CHECKPOINT --config CONFIG'.split()
KNOWN = '--known benchmarks/cifar10_copies.csv'.split()
CIFAR10 = ['cifar10.py', '--scaled', '--seeds', '3', *DATA]
NOISE = ('Could not import OneDL', ' - mmengine - ')  # imports of MMPretrain, and log lines
# section of a page -> the page, and the command whose output fills the section
SECTIONS = {
    'environment': ('benchmarks.md', ['environment.py']),
    'scattered_digits': ('benchmarks.md', ['digits.py', '--scattered']),
    'digits': ('benchmarks.md', ['digits.py']),
    'adaptation': ('benchmarks.md', ['adaptation.py']),
    'head_step': ('benchmarks.md', ['head_step.py', *PEER]),
    'bank_memory': ('benchmarks.md', ['bank_memory.py', *PEER]),
    'knn': ('benchmarks.md', ['knn.py', *PEER]),
    'retrieval': ('benchmarks.md', ['retrieval.py']),
    'svm': ('benchmarks.md', ['svm.py', '--threads', '1', '--peer-fits', '38']),
    'scale': ('benchmarks.md', ['scale.py']),
    'parity': ('benchmarks.md', ['parity/compare.py', *PEER]),
    'planted_copies': ('benchmarks.md', ['planted_copies.py']),
    'planted_cifar10': ('benchmarks.md', ['planted_copies.py', *DATA, *RUN, *KNOWN]),
    'label_free': ('benchmarks.md', ['label_free.py']),
    'page': ('benchmarks.md', ['page.py']),
    'million_rows': ('benchmarks.md', ['million_rows.py']),
    'feed': ('benchmarks.md', ['feed.py', *PEER, *DATA]),
    'cifar10': ('benchmarks.md', CIFAR10),
    'cifar10_run': ('benchmarks.md', ['cifar10_run.py', 'WORK_DIR']),
    'cifar10_feeds': ('benchmarks.md', [*CIFAR10, '--feeds']),
}


def machine() -> str:
    """Describe this machine and its software."""
    cpu = next(
        (
            line.split(':', 1)[1].strip()
            for line in Path('/proc/cpuinfo').read_text().splitlines()
            if line.startswith('model name')
        ),
        platform.processor(),
    )
    gpu = f', {torch.cuda.get_device_name()}' if torch.cuda.is_available() else ', no GPU'
    return (
        f'{os.cpu_count()} cores of {cpu}{gpu}; Python {platform.python_version()}, '
        f'torch {torch.__version__}'
    )


def section(name: str, output: str, command: list[str]) -> str:
    """Text of a section, including its markers."""
    shown = ' '.join(['python', f'benchmarks/{command[0]}', *command[1:]])
    lines = [line for line in output.splitlines() if not any(part in line for part in NOISE)]
    output = '\n'.join(lines).strip()
    # Markdown tables are kept; other output goes into a code block
    body = output if '| ---' in output else f'```text\n{output}\n```'
    return (
        f'<!-- begin {name} -->\n`{shown}`, {datetime.date.today()}, {machine()}\n\n{body}\n'
        f'<!-- end {name} -->'
    )


def write(page: Path, name: str, text: str) -> None:
    """Replace a section of a page atomically."""
    old = page.read_text()
    marked = re.compile(f'<!-- begin {name} -->.*<!-- end {name} -->', re.DOTALL)
    if not marked.search(old):
        raise ValueError(f'{page.name} has no section {name}: add its begin and end markers')
    write_atomic(page, marked.sub(lambda _: text, old))


def main() -> None:
    """Run the benchmarks and write their sections, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('names', nargs='*', metavar='NAME', help=f'one of {", ".join(SECTIONS)}')
    parser.add_argument('--peer-python', default='python', help='interpreter with mmselfsup 1.0.0')
    parser.add_argument('--data', help='folder of images, for the benchmarks that read some')
    parser.add_argument('--checkpoint', help='network for the benchmark that takes a trained one')
    parser.add_argument('--config', help='config of the checkpoint')
    parser.add_argument('--work-dir', help='work dir of the training on all of CIFAR-10')
    args = parser.parse_args()
    unknown = sorted(set(args.names) - set(SECTIONS))
    if unknown:
        parser.error(f'no benchmark {", ".join(unknown)}; there are {", ".join(SECTIONS)}')
    values = {
        'PEER': args.peer_python,
        'DATA': args.data,
        'CHECKPOINT': args.checkpoint,
        'CONFIG': args.config,
        'WORK_DIR': args.work_dir,
    }
    given = {value for value in values if values[value]}
    needed = {name: values.keys() & set(command) for name, (_, command) in SECTIONS.items()}
    for name in args.names or [name for name in SECTIONS if needed[name] <= given]:
        page, (script, *arguments) = SECTIONS[name]
        for value in needed[name] - given:
            option = value.lower().replace('_', '-')
            parser.error(f'{name} needs a file or folder: give it with --{option}')
        print(f'{name} ...', flush=True)
        filled = [values.get(each, each) for each in arguments]
        done = subprocess.run(
            [sys.executable, '-W', 'ignore', HERE / script, *filled],
            check=True,
            text=True,
            stdout=subprocess.PIPE,
        )
        write(DOCS / page, name, section(name, done.stdout, [script, *arguments]))
        print(done.stdout)


if __name__ == '__main__':
    main()
