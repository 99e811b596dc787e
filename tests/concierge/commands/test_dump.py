"""`concierge dump`."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from concierge.cli import main


def test_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "extensions.conf").write_text("[a]\nexten => 1,1,Hangup(ż)\n")
    assert main(["dump", str(tmp_path), "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["contexts"][0]["extensions"][0]["priorities"][0]["data"] == "ż"


def test_text_from_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"[a]\nexten => 1,1,Hangup\n")))
    assert main(["dump", "-"]) == 0
    assert "exten => 1,1,Hangup()" in capsys.readouterr().out


def test_a_refused_plan_is_1_and_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "extensions.conf").write_text("[a]\n#include none.conf\n")
    assert main(["dump", str(tmp_path), "--format", "json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["loads"] is False
    assert (data["diagnostics"][0]["code"], data["diagnostics"][0]["line"]) == ("include-missing", 2)


def test_nothing_to_read_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dump", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert "cannot read" in captured.err
    assert captured.out == ""


def test_root_says_where_includes_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "x.conf").write_text("exten => 1,1,A\n")
    (tmp_path / "extensions.conf").write_text("[a]\n#include x.conf\n")
    assert main(["dump", str(tmp_path), "--root", str(tmp_path / "etc")]) == 0
    assert "exten => 1,1,A()" in capsys.readouterr().out
