#!/usr/bin/env python
"""Run a suite of benchmarks on a checkpoint: tools/benchmark.py CHECKPOINT [options]."""

import sys

from npid_mm.cli.benchmark import main
from npid_mm.cli.run_tool import run_tool

if __name__ == '__main__':
    sys.exit(run_tool(main))
