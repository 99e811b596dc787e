"""Which calls leave the house, where the administrator has named the trunks."""

from __future__ import annotations

from pathlib import Path

import pytest

from concierge.cli import main
from dialplan.rules._trunks import check, leaves


@pytest.mark.parametrize(
    ("names", "device", "outside"),
    [
        (["DAHDI/g0"], "DAHDI/g0/${EXTEN}", True),
        (["DAHDI/g0"], "dahdi/G0/48501502503", True),
        (["DAHDI/g0"], "DAHDI/g1/${EXTEN}", False),
        (["DAHDI"], "DAHDI/g1/${EXTEN}", True),
        (["DAHDI"], "DAHDI/1", False),
        (["DAHDI"], "DAHDI/g0/112", False),
        (["provider"], "PJSIP/${EXTEN}@provider", True),
        (["PJSIP/prov*"], "PJSIP/${EXTEN}@provider", True),
        (["PJSIP/prov*"], "PJSIP/provider/sip:${EXTEN}@192.0.2.1", True),
        (["SIP/prov*"], "PJSIP/${EXTEN}@provider", False),
        (["PJSIP/provider"], "PJSIP/112@provider", False),
        (["PJSIP/provider"], "PJSIP/provider", False),
        (["Local/*"], "Local/${EXTEN}@to-pstn/n", True),
        (["Local/to-*"], "Local/${EXTEN}@to-pstn/n", True),
        (["IAX2/carrier"], "IAX2/me:pass@carrier/${EXTEN}@in", True),
        (["${TRUNK}"], "${TRUNK}/${EXTEN}", True),
        (["[to-pstn]"], "${DEVICE}", True),
        (["[to-*]"], "PJSIP/101", True),
        (["[other]"], "PJSIP/101", False),
        (["PJSIP", "!PJSIP/house"], "PJSIP/${EXTEN}@house", False),
        (["!PJSIP/house", "PJSIP"], "PJSIP/${EXTEN}@house", True),
    ],
)
def test_the_last_name_that_fits_decides(names: list[str], device: str, outside: bool) -> None:
    assert leaves(names, device, "to-pstn", False) is outside


def test_what_no_name_fits_counts_by_its_look() -> None:
    assert leaves(["DAHDI"], "PJSIP/${EXTEN}@other", "x", True)
    assert not leaves(["!PJSIP/other"], "PJSIP/${EXTEN}@other", "x", True)


@pytest.mark.parametrize("name", ["", "!", "[", "[]", "a b", "PJSIP/a/b", "PJSIP/"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no TECHNOLOGY"):
        check(name)


PLAN = """[concierge-outbound]
exten => s,1,Return()
[asked]
exten => _X.,1,Gosub(concierge-outbound,s,1(${EXTEN}))
 same => n,ExecIf($["${CONCIERGE_VERDICT}" != "ALLOW"]?Hangup(21))
 same => n,Dial(PJSIP/${EXTEN}@provider,30)
 same => n,Hangup()
[house]
exten => _X.,1,Dial(PJSIP/${EXTEN}@branch,30)
 same => n,Hangup()
[to-pstn]
exten => _X.,1,Dial(${LINE},30)
 same => n,Hangup()
"""


@pytest.mark.parametrize(
    ("options", "settings", "lines"),
    [
        ([], "", {9}),
        (["--trunk", "[to-pstn]"], "", {9, 12}),
        (["--trunk", "[to-pstn]", "--trunk", "!PJSIP/branch"], "", {12}),
        ([], "lint:\n  trunks: ['[to-pstn]', '!branch']\n", {12}),
        (["--trunk", "!branch"], "lint:\n  trunks: ['[to-pstn]']\n", set()),
    ],
)
def test_the_option_and_the_setting(
    options: list[str],
    settings: str,
    lines: set[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONCIERGE_CONFIG", raising=False)
    (tmp_path / "extensions.conf").write_text(PLAN, encoding="utf-8")
    if settings:
        (tmp_path / "config.yaml").write_text(settings, encoding="utf-8")
    main(["lint", ".", "--select", "C301", *options])
    found = [line.split(":")[1] for line in capsys.readouterr().out.splitlines() if line.startswith("extensions.conf:")]
    assert set(map(int, found)) == lines


def test_a_wrong_name_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "extensions.conf").write_text(PLAN, encoding="utf-8")
    assert main(["lint", str(tmp_path), "--trunk", "a b"]) == 2
    assert "--trunk, lint.trunks: 'a b' is no TECHNOLOGY" in capsys.readouterr().err
