"""`python -m concierge.lab [22] [16]`: makes ready what the lab needs on this machine (as root, once)."""

from __future__ import annotations

import sys

from concierge.errors import UserError
from concierge.lab.provision import VERSIONS, install_packages, provision


def main(versions: list[str]) -> int:
    """Install the packages and make the roots of `versions`, all when none is named; 0, or 2 with the reason."""
    try:
        install_packages()
        for version in versions or VERSIONS:
            print(provision(version))
    except UserError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
