#!/usr/bin/env python
"""Install mmcv's compiled operators: tools/install_mmcv_ops.py [--wheel FILE]."""

import sys

from npid_mm.cli.install_mmcv_ops import main
from npid_mm.cli.run_tool import run_tool

if __name__ == '__main__':
    sys.exit(run_tool(main))
