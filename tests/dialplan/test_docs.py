"""What docs/lint.md and docs/ci.md show is what the commands print for the files that stand above it.

`python tests/dialplan/test_docs.py` writes the outputs anew.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCS = ("docs/lint.md", "docs/ci.md")
BLOCK = re.compile(r"```(?P<kind>ini|yaml|console)\n(?P<text>.*?)```", re.S)
FILE = re.compile(r"[;#] (?P<name>[\w.]+\.(?:conf|yaml))\n")


def shown(page: str, folder: Path) -> str:
    """The page with every output as it is now; files are those of the page."""

    def output(block: re.Match[str]) -> str:
        if block["kind"] != "console":
            named = FILE.match(block["text"])
            if named:
                (folder / named["name"]).write_text(block["text"], encoding="utf-8")
            return block[0]
        command = block["text"].splitlines()[0]
        return f"```console\n{command}\n{said(command)}```"

    with contextlib.chdir(folder):
        return BLOCK.sub(output, page)


def said(command: str) -> str:
    from concierge.cli import main

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        main(shlex.split(command.removeprefix("$ concierge ")))
    return out.getvalue()


@pytest.mark.parametrize("name", DOCS)
def test_what_is_shown_is_what_is_printed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONCIERGE_CONFIG", raising=False)
    page = (ROOT / name).read_text(encoding="utf-8")
    assert "$ concierge" in page
    assert page == shown(page, tmp_path), "run: python tests/dialplan/test_docs.py"


def test_words_for_what_is_not_proven_are_those_of_the_code() -> None:
    page = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\| .*", page, re.M))
    words = {word for row in named for word in re.findall(r"`([a-z]+(?:-[a-z]+)+)`", row)}
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "dialplan").rglob("*.py"))
    assert len(words) > 8
    assert [word for word in sorted(words) if f'"{word}"' not in code] == []


def test_snippets_are_yaml_and_name_options_that_exist() -> None:
    from concierge.cli import main

    page = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
    for block in BLOCK.finditer(page):
        if block["kind"] == "yaml":
            assert yaml.safe_load(block["text"])
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert {hook["id"] for hook in hooks} == set(re.findall(r"\{id: ([\w-]+)\}", page))
    wanted = set(re.findall(r"--[a-z][a-z-]+", page))
    known = io.StringIO()
    for command in ("lint", "test"):
        with contextlib.redirect_stdout(known), pytest.raises(SystemExit):
            main([command, "--help"])
    assert {option for option in wanted if option not in known.getvalue()} == set()


if __name__ == "__main__":
    sys.path.insert(0, os.fspath(ROOT))
    for path in (ROOT / name for name in DOCS):
        with tempfile.TemporaryDirectory() as folder:
            path.write_text(shown(path.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8")
