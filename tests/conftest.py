"""Options of the whole test run."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-asterisk", action="store_true", help="a missing Asterisk or SIPp is a failure, not a skip"
    )
