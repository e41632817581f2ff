#!/usr/bin/env python
"""Train every combination of some settings: tools/sweep.py CONFIG --grid KEY=V1,V2 ..."""

import sys

from npid_mm.cli.run_tool import run_tool
from npid_mm.cli.sweep import main

if __name__ == '__main__':
    sys.exit(run_tool(main))
