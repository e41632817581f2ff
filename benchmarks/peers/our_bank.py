"""Build our bank and print its time and memory."""

import sys

from bank_probe import report

from npid_mm.models import MemoryBank

if __name__ == '__main__':
    length, dim = map(int, sys.argv[1:3])
    report(lambda: MemoryBank(length=length, feat_dim=dim, dtype=sys.argv[3]))
