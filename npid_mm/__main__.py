"""The ``npid`` command, as ``python -m npid_mm``."""

import sys

from npid_mm.cli.main import main

if __name__ == '__main__':
    sys.exit(main())
