#!/usr/bin/env python
"""Train, evaluate and show NPID on a laptop: tools/quickstart.py [--data FOLDER]."""

import sys

from npid_mm.cli.errors import run_tool
from npid_mm.cli.quickstart.command import main

if __name__ == '__main__':
    sys.exit(run_tool(main))
