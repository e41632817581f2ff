"""Short descriptions of names, counts and values for messages."""

import difflib
import reprlib
from collections.abc import Iterable

import torch

WIDE = 100  # characters of a name
PLAIN = {bool, int, float, complex, str, bytes, bytearray, type(None), torch.dtype, torch.device}


def preview(names: Iterable[object], limit: int = 5) -> str:
    """Return the first names, shortened where they are long, and the number of the others."""
    names = list(names)
    shown = [name if len(name) <= WIDE else f'{name[:WIDE]}...' for name in map(str, names[:limit])]
    others = f' and {len(names) - limit:,} more' if len(names) > limit else ''
    return ', '.join(shown) + others


def pluralize(count: int, noun: str) -> str:
    """Return a count with its noun, such as '1 image' or '1,000 images'."""
    return f'{count:,} {noun}' + ('s' if count != 1 else '')


def describe(value: object) -> str:
    """Describe a value in a few words; the repr of a container may be endless."""
    kind = type(value)
    return reprlib.repr(value) if kind in PLAIN else f'an object of the type {kind.__name__[:40]}'


def suggestion(
    name: str, known: Iterable[str], otherwise: str, cutoff: float = 0.6, prefix: str = ''
) -> str:
    """Return a question with the known names close to a wrong one, or another text.

    Args:
        name (str): The wrong name.
        known (Iterable[str]): The right ones.
        otherwise (str): The text if none is close.
        cutoff (float): Least similarity, from 0 to 1.
        prefix (str): Put in front of each close name.
    """
    close = difflib.get_close_matches(name, known, 3, cutoff)
    return f'did you mean {" or ".join(prefix + each for each in close)}?' if close else otherwise
