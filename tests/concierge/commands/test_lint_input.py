"""`concierge lint` on files as they are: encodings, line ends, links, no rights, many of them."""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from concierge.cli import main

PLAN = "[from-trunk]\nexten => s,1,Answer()\n same => n,Playback(tschüß) ; größer\n same => n,Goto(überall,s,1) ; ü\n"
Out = pytest.CaptureFixture[str]
FORMATS = ("text", "json", "sarif", "github", "gitlab", "junit", "html")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1250"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_encoding_is_judged_at_the_right_column(encoding: str, ending: str, here: Path, capsys: Out) -> None:
    (here / "extensions.conf").write_bytes(PLAN.replace("\n", ending).encode(encoding))
    assert main(["lint", ".", "--format", "json"]) == 1
    [finding] = [one for one in json.loads(capsys.readouterr().out)["findings"] if one["code"] == "D101"]
    assert (finding["line"], finding["column"]) == (4, 12)
    assert finding["end_column"] == 12 + len("Goto(überall,s,1)")
    for form in FORMATS:
        assert main(["lint", ".", "--format", form]) == 1
        assert capsys.readouterr().out


def test_links_lead_to_what_they_mean(here: Path, capsys: Out) -> None:
    (here / "real").mkdir()
    (here / "real" / "menus.conf").write_text("[b]\nexten => s,1,Goto(nowhere,s,1)\n", encoding="utf-8")
    (here / "menus.conf").symlink_to("real/menus.conf")
    (here / "extensions.conf").write_text('#include "menus.conf"\n[in]\nexten => s,1,Goto(b,s,1)\n', encoding="utf-8")
    (here / "etc").symlink_to(".")
    assert main(["lint", "etc"]) == 1
    assert "etc/menus.conf:2:14: D101" in capsys.readouterr().out
    (here / "loop.conf").symlink_to("loop.conf")
    assert main(["lint", "loop.conf"]) == 2
    assert "cannot read loop.conf" in capsys.readouterr().err


def test_what_may_not_be_read_is_said(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Out) -> None:
    """Root may read everything, so that the mode of a file proves nothing in a test."""
    (here / "extensions.conf").write_text("[a]\n", encoding="utf-8")

    def refuse(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert main(["lint", "."]) == 2
    assert "Permission denied" in capsys.readouterr().err


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder that anybody may enter, and a test that is not root there: root may read everything."""
    folder = Path(tempfile.mkdtemp(prefix="concierge-denied-"))
    folder.chmod(0o755)
    main(["lint", os.devnull])  # what is needed is loaded before the user changes
    try:
        yield folder
    finally:
        os.seteuid(os.getuid())
        shutil.rmtree(folder)


def denied(path: Path) -> None:
    path.chmod(0)
    if os.getuid() == 0:
        os.seteuid(65534)


def test_an_included_file_that_may_not_be_read_is_no_missing_one(nobody: Path, capsys: Out) -> None:
    (nobody / "extensions.conf").write_text("#include part.conf\n[a]\nexten => s,1,Dial(PJSIP/1,20)\n")
    (nobody / "part.conf").write_text("[b]\n")
    assert main(["lint", str(nobody)]) == 0
    denied(nobody / "part.conf")
    capsys.readouterr()
    assert main(["lint", str(nobody)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert f"cannot read {nobody}/part.conf: Permission denied. Run this as root, or as the user" in said.err


def test_a_file_beside_that_may_not_be_read_says_nothing(nobody: Path, capsys: Out) -> None:
    (nobody / "extensions.conf").write_text("[a]\nexten => s,1,Dial(PJSIP/nobody,20)\n")
    (nobody / "pjsip.conf").write_text("[operator]\ntype=endpoint\n")
    assert main(["lint", str(nobody)]) == 1
    assert "C117" in capsys.readouterr().out
    denied(nobody / "pjsip.conf")
    assert main(["lint", str(nobody)]) == 0


def test_an_included_folder_is_no_file(here: Path, capsys: Out) -> None:
    (here / "extensions.conf.d").mkdir()
    (here / "extensions.conf").write_text(
        "#include extensions.conf.d\n[a]\nexten => s,1,Dial(PJSIP/1)\n", encoding="utf-8"
    )
    assert main(["lint", "."]) == 1
    assert "C101" in capsys.readouterr().out


def test_five_hundred_files(here: Path, capsys: Out) -> None:
    (here / "menus").mkdir()
    for number in range(500):
        goal = f"menu-{number + 1}" if number < 499 else "nowhere"
        text = f"[menu-{number}]\nexten => s,1,Background(m)\n same => n,Goto({goal},s,1)\n"
        (here / "menus" / f"{number:03}.conf").write_text(text, encoding="utf-8")
    text = '#include "menus/*.conf"\n[in]\nexten => s,1,Goto(menu-0,s,1)\n'
    (here / "extensions.conf").write_text(text, encoding="utf-8")
    for form in ("text", "sarif", "html"):
        assert main(["lint", ".", "--select", "D101", "--format", form]) == 1
        assert "menus/499.conf" in capsys.readouterr().out
