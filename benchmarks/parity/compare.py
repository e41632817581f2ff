"""Compare MMSelfSup's NPID and this one from each other's checkpoints, number by number.

    python benchmarks/parity/compare.py --peer-python PATH [--depths 18 50] [--seed 0]

PATH is an interpreter with mmselfsup 1.0.0. Each side trains briefly with its own config and
Runner; the other side loads the checkpoint and uses the negatives that the first one sampled. The
exit status is 1 if a difference exceeds its bound, in absolute value or relative to its tensor.
float32 gradients may also differ by twice the rounding of MMSelfSup's own, which its step in
float64 shows, but by no more than 1e-4.
"""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from photographs import write_images
from rich.console import Console
from rich.table import Table
from torch import Tensor

HERE = Path(__file__).parent
# bounds of the absolute difference, and of the one relative to the largest number of the tensor
BOUNDS = {'step, float32': 1e-5, 'step, float64': 1e-5, 'training, float64': 1e-6}
ROUNDED = 1e-4  # largest bound of float32 gradients, for any rounding of the peer
# MMSelfSup samples negatives from it; its constructor builds it, and ours needs none
ALIAS_TABLE = {'memory_bank.multinomial.prob', 'memory_bank.multinomial.alias'}


@dataclass
class Row:
    """Largest differences of one quantity.

    For float32 gradients, ``rounding`` has the differences of MMSelfSup from its own step in
    float64: a gradient is a small difference of large terms, whose rounding may exceed the bound.
    They widen the bound up to ROUNDED.
    """

    quantity: str
    count: int
    absolute: float
    relative: float
    bound: float
    rounding: tuple[float, float] = (0.0, 0.0)

    @property
    def agrees(self) -> bool:
        """bool: Whether both differences are within the bound, or within twice the rounding."""
        return all(
            value <= max(self.bound, min(2 * rounding, ROUNDED))
            for value, rounding in zip((self.absolute, self.relative), self.rounding, strict=True)
        )


def compare(ours: dict, peer: dict) -> list[Row]:
    """Compare the records of both sides.

    Args:
        ours (dict): The parts of BOUNDS, each a dict of quantities; a quantity is a tensor or a
            dict of tensors by name.
        peer (dict): The same for the other side.

    Raises:
        ValueError: If the quantities, names, shapes or dtypes of both sides differ.
    """
    rows = []
    for part, bound in BOUNDS.items():
        check_same_names(part, ours[part], peer[part])
        for quantity, value in ours[part].items():
            row = Row(quantity, *difference(quantity, value, peer[part][quantity]), bound)
            if (part, quantity) == ('step, float32', 'gradients'):
                single, double = peer[part][quantity], peer['step, float64'][quantity]
                single = {name: gradient.double() for name, gradient in single.items()}
                row.rounding = difference(quantity, single, double)[1:]
            row.quantity = f'{part}: {quantity}'
            rows.append(row)
    return rows


def difference(
    quantity: str, ours: Tensor | dict[str, Tensor], peer: Tensor | dict[str, Tensor]
) -> tuple[int, float, float]:
    """Count numbers, and find the largest difference, absolute and relative to its tensor."""
    if isinstance(ours, Tensor):
        ours, peer = {quantity: ours}, {quantity: peer}
    check_same_names(quantity, ours, peer)
    if not ours:
        raise ValueError(f'{quantity}: neither side recorded any')
    absolute, relative = [], []
    for name, one in ours.items():
        other = peer[name]
        if (one.shape, one.dtype) != (other.shape, other.dtype):
            raise ValueError(
                f'{quantity}: {name} is {tuple(one.shape)} {one.dtype} here, but '
                f'{tuple(other.shape)} {other.dtype} there'
            )
        apart = (one - other).abs().max().double()
        absolute.append(apart)
        relative.append(torch.where(apart == 0, apart, apart / other.abs().max()))
    # torch's max of numbers with a NaN is NaN, unlike Python's
    largest = torch.stack([torch.stack(absolute).max(), torch.stack(relative).max()])
    return sum(one.numel() for one in ours.values()), *largest.tolist()


def check_same_names(what: str, ours: dict, peer: dict) -> None:
    """Check that both sides have the same names."""
    if ours.keys() != peer.keys():
        raise ValueError(f'{what}: only one side has {sorted(ours.keys() ^ peer.keys())}')


def misfits(keys: dict) -> list[str]:
    """Keys missing from a checkpoint or unused by the model, except the alias table."""
    return sorted({*keys['missing'], *keys['left']} - ALIAS_TABLE)


def run_side(python: str, script: str, *arguments: str) -> None:
    """Run one side in its interpreter."""
    print(f'{script} {arguments[0]} ...', file=sys.stderr, flush=True)
    done = subprocess.run(
        [python, '-W', 'ignore', str(HERE / script), *arguments],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise SystemExit(f'{done.stdout}\n{script} {arguments[0]} ended with {done.returncode}')


def table(title: str, rows: list[Row]) -> Table:
    """Show the rows as a table."""
    shown = Table(title=title)
    for column in ('quantity', 'numbers', 'abs', 'rel', 'bound', 'peer rounds', ''):
        shown.add_column(column, justify='left' if column == 'quantity' else 'right')
    for row in rows:
        figures = [f'{value:.0e}' for value in (row.absolute, row.relative, row.bound)]
        figures.append(' '.join(f'{value:.0e}' for value in row.rounding if value))
        verdict = 'agrees' if row.agrees else 'DIFFERS'
        shown.add_row(row.quantity, f'{row.count:,}', *figures, verdict)
    return shown


def main() -> None:
    """Run both sides in both directions, and print a table for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--peer-python', required=True, help='interpreter with mmselfsup 1.0.0')
    parser.add_argument(
        '--depths', type=int, nargs='+', default=[18, 50], help='depths of the ResNet'
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of the images and their order')
    args = parser.parse_args()
    console = Console(width=110)
    wrong = []
    for depth in args.depths:
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            write_images(folder, args.seed)
            sides = {
                'peer': (args.peer_python, 'peer.py'),
                'ours': (sys.executable, 'ours.py'),
            }
            for task in ('write', 'read'):
                for own, other in (('peer', 'ours'), ('ours', 'peer')):
                    options = [task, str(folder), own, other, '--depth', str(depth)]
                    run_side(*sides[own], *options)
            for title, reader, writer in (
                ('checkpoint of MMSelfSup, read here', 'ours', 'peer'),
                ('checkpoint written here, read by MMSelfSup', 'peer', 'ours'),
            ):
                title = f'ResNet-{depth}, {title}'
                records = {
                    reader: torch.load(folder / reader / 'read.pt'),
                    writer: torch.load(folder / writer / 'write.pt'),
                }
                rows = compare(records['ours'], records['peer'])
                console.print(table(title, rows))
                keys = records[reader]['keys']
                left, missing = (', '.join(keys[kind]) or 'none' for kind in ('left', 'missing'))
                console.print(
                    f'{keys["used"]} keys loaded; left in the file: {left}; not in it: {missing}\n'
                )
                wrong += [f'{title}: key {name}' for name in misfits(keys)]
                wrong += [f'{title}: {row.quantity}' for row in rows if not row.agrees]
    for name in ('peer', 'ours'):
        console.print(f'{name}: {records[name]["versions"]}')
    console.print(f'seed {args.seed}')
    if wrong:
        raise SystemExit('too far apart:\n' + '\n'.join(wrong))


if __name__ == '__main__':
    main()
