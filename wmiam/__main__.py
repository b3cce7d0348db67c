"""``python -m wmiam``: the command line."""

import sys

from wmiam.cli import main

sys.exit(main())
