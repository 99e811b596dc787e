"""Files and questions."""

import json

import pytest


@pytest.fixture
def leads(tmp_path):
    def write(content, name="list.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def check(concierge):
    return lambda number, *words: json.loads(concierge("check", number, "--format", "json", *words).stdout)
