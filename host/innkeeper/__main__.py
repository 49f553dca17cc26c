"""`python -m innkeeper` is the command `innkeeper`."""

import sys

from innkeeper.cli.main import main

sys.exit(main())
