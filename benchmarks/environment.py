"""Sizes of the installed packages, and start-up times beside torch and MMPretrain.

    python benchmarks/environment.py [--rounds 3]

A size is that of the files of all packages that an extra installs, with their dependencies. A time
is the CPU time of a new process, the least of some rounds; the processes alternate.
"""

import argparse
import resource
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement

EXTRAS = {
    'npid-mm[search]': 'search an index',
    'npid-mm[onedl]': 'train, evaluate, embed; `make quickstart`',
    'npid-mm[onedl,dev]': 'development; `make quickstart` before version 0.2',
}
CUDA = ('nvidia-', 'cuda-', 'triton')  # which torch's wheels for CPUs do not need
STARTS = {
    'import torch': ['-c', 'import torch'],
    'import mmpretrain': ['-c', 'import mmpretrain'],
    'import mmpretrain.models and .datasets': [
        '-c',
        'import mmpretrain.models, mmpretrain.datasets',
    ],
    'import npid_mm.models': ['-c', 'import npid_mm.models'],
    'import npid_mm': ['-c', 'import npid_mm'],
    'npid --help': ['-m', 'npid_mm', '--help'],
    'npid search --help': ['-m', 'npid_mm', 'search', '--help'],
    'npid train --help': ['-m', 'npid_mm', 'train', '--help'],
}


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rounds', type=int, default=3)
    rounds = parser.parse_args().rounds
    print('| installed | for | packages | size, MB | of it CUDA, MB |')
    print('| --- | --- | --- | --- | --- |')
    for line, purpose in EXTRAS.items():
        names = closure([line])
        cuda = [name for name in names if name.startswith(CUDA)]
        print(f'| `{line}` | {purpose} | {len(names)} | {size(names):,.0f} | {size(cuda):,.0f} |')
    taken = [{name: cpu_seconds(each) for name, each in STARTS.items()} for _ in range(rounds)]
    times = {name: min(each[name] for each in taken) for name in STARTS}
    print('\n| start of a process | of `import torch` | of `import mmpretrain` |')
    print('| --- | --- | --- |')
    for name, time in times.items():
        ratios = (time / times[f'import {other}'] for other in ('torch', 'mmpretrain'))
        print(f'| `{name}` |', ' | '.join(f'{ratio:.2f}' for ratio in ratios), '|')


def closure(lines: Iterable[str]) -> set[str]:
    """Return the names of the installed packages that requirements lead to."""
    seen, todo = set(), [Requirement(line) for line in lines]
    while todo:
        requirement = todo.pop()
        key = (requirement.name.lower().replace('_', '-'), frozenset(requirement.extras))
        if key in seen:
            continue
        try:
            needs = distribution(requirement.name).requires or []
        except PackageNotFoundError:  # for another system, or optional and not installed
            continue
        seen.add(key)
        for need in map(Requirement, needs):
            extras = requirement.extras or {''}
            if need.marker is None or any(need.marker.evaluate(dict(extra=e)) for e in extras):
                todo.append(need)
    return {name for name, _ in seen}


def size(names: Iterable[str]) -> float:
    """Return the size of the files of packages in MB."""
    return (
        sum(
            path.locate().stat().st_size
            for name in names
            for path in distribution(name).files or ()
            if path.locate().is_file()
        )
        / 1e6
    )


def cpu_seconds(arguments: list[str]) -> float:
    """Return the CPU time of a Python process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, '-W', 'ignore', *arguments], check=True, stdout=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == '__main__':
    main()
