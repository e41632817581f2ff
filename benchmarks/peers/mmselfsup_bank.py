"""Build MMSelfSup's bank and print its time and memory; needs mmselfsup 1.0.0."""

import sys

from bank_probe import report
from mmselfsup.models.memories import SimpleMemory

if __name__ == '__main__':
    length, dim = map(int, sys.argv[1:3])
    report(lambda: SimpleMemory(length=length, feat_dim=dim, momentum=0.5))
