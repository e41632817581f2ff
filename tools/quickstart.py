#!/usr/bin/env python
"""Train, evaluate and show NPID on a laptop: tools/quickstart.py [--data FOLDER]."""

import sys

from npid_mm.cli.quickstart.command import main
from npid_mm.cli.run_tool import run_tool

if __name__ == '__main__':
    sys.exit(run_tool(main))
