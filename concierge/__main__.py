"""`python -m concierge`: the same as the installed command."""

import sys

from concierge.cli import main

sys.exit(main())
