"""Files beside the dialplan: what is in them counts only where it is all; what is secret in them is never said."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from concierge.cli import main
from dialplan.applications import tables
from dialplan.lint import lint
from dialplan.neighbours.devices import name_of
from dialplan.neighbours.modules import Modules
from dialplan.plan import load
from dialplan.rule import rules
from dialplan.subject import from_files

PLAN = """[from-trunk]
exten => s,1,Answer()
 same => n,Set(__DYNAMIC_FEATURES=nofeature)
 same => n,Set(A=${ODBC_NAME(1)})
 same => n,Queue(noqueue,,,,60)
 same => n,VoiceMail(9999@default)
 same => n,StartMusicOnHold(noclass)
 same => n,Dial(PJSIP/nobody,20)
 same => n,Dial(PJSIP/operator,30)
"""
BESIDE = {
    "modules.conf": "[modules]\nautoload=yes\nnoload=app_queue.so\n",
    "queues.conf": "[general]\n[sales]\n",
    "voicemail.conf": "[general]\n[default]\n8500 => 4711,Anna\n",
    "musiconhold.conf": "[default]\nmode=files\n",
    "features.conf": "[general]\n",
    "func_odbc.conf": "[OTHER]\ndsn=db\nreadsql=SELECT 1\n",
    "pjsip.conf": "[operator]\ntype=endpoint\ncontext=nowhere\n",
}
CODES = {
    "modules.conf": "C112",
    "voicemail.conf": "C113",
    "queues.conf": "C114",
    "musiconhold.conf": "C115",
    "features.conf": "C116",
    "pjsip.conf": "C117",
    "func_odbc.conf": "C105",
}
Judged = Callable[..., set[str]]


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    def of(plan: str = PLAN, /, version: str = "22", **files: str) -> set[str]:
        for name, text in {"extensions.conf": plan, **files}.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        subject = from_files(load(tmp_path / "extensions.conf"), tables.load(version))
        return {one.code for one in lint(subject, rules()).findings if one.code in {*CODES.values(), "C118"}}

    return of


def test_nothing_is_said_without_files_beside(judged: Judged) -> None:
    assert judged() == set()


def test_each_file_speaks_for_itself(judged: Judged) -> None:
    assert judged(**BESIDE) == {*CODES.values(), "C118"}


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("more", ["\n#include missing.conf\n", "\n#exec /bin/more\n", "\n[broken\n"])
def test_a_file_that_is_not_all_there_says_nothing(name: str, more: str, judged: Judged) -> None:
    assert CODES[name] not in judged(**{**BESIDE, name: BESIDE[name] + more})


def test_a_file_that_may_be_missing_leaves_the_rest_whole(judged: Judged) -> None:
    found = judged(**{**BESIDE, "queues.conf": "[general]\n#tryinclude missing.conf\n[sales]\n"})
    assert "C114" in found


@pytest.mark.parametrize(
    ("family", "code"),
    [
        ("queues => odbc,asterisk", "C114"),
        ("queues.conf => odbc,asterisk,ast_config", "C114"),
        ("voicemail => odbc,asterisk", "C113"),
        ("musiconhold => odbc,asterisk", "C115"),
        ("ps_endpoints => odbc,asterisk", "C117"),
        ("func_odbc.conf => odbc,asterisk,ast_config", "C105"),
    ],
)
def test_realtime_may_have_more(family: str, code: str, judged: Judged) -> None:
    assert code not in judged(**BESIDE, **{"extconfig.conf": f"[settings]\n{family}\n"})
    assert code in judged(**BESIDE, **{"extconfig.conf": f"[settings]\n;{family}\nother => odbc,asterisk\n"})


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"voicemail.conf": "[general]\nsearchcontexts=yes\n[default]\n8500 => 1\n"}, "C113"),
        ({"users.conf": "[general]\n[6000]\nhasvoicemail=yes\n"}, "C113"),
        ({"pjsip_wizard.conf": "[phone]\ntype=wizard\n"}, "C117"),
        ({"sorcery.conf": "[res_pjsip]\nendpoint=realtime,ps_endpoints\n"}, "C117"),
        ({"extensions.ael": "context nowhere { };"}, "C118"),
        ({"modules.conf": "[modules]\nautoload=yes\n"}, "C112"),
        ({"modules.conf": "[other]\nnoload=app_queue.so\n"}, "C112"),
        ({"modules.conf": ""}, "C112"),
    ],
)
def test_what_may_come_from_elsewhere_is_not_judged(files: dict[str, str], code: str, judged: Judged) -> None:
    assert code not in judged(**{**BESIDE, **files})


def test_what_a_prefix_names_is_known_in_a_file_that_is_not_all_there(judged: Judged) -> None:
    plan = "[from-trunk]\nexten => s,1,Set(A=${MY_NAME(1)}${MY_OTHER(1)})\n same => n,Dial(PJSIP/operator,30)\n"
    text = "[NAME]\nprefix=MY\ndsn=db\n[OTHER]\nprefix=MY\n#include missing.conf\n"
    assert judged(plan, **{"func_odbc.conf": text}) == set()
    assert judged(plan.replace("MY_OTHER", "MY_NONE"), **{"func_odbc.conf": text}) == {"C105"}


def test_a_context_in_the_place_of_a_mailbox_is_named(tmp_path: Path) -> None:
    """As in Asterisk's own sample of a basic PBX."""
    (tmp_path / "voicemail.conf").write_text("[default]\n[example]\n1101 = 1,Maria\n", encoding="utf-8")
    plan = tmp_path / "extensions.conf"
    plan.write_text("[in]\nexten => 5,1,VoiceMailMain(example)\n same => n,VoiceMail(1101@example)\n", encoding="utf-8")
    [found] = [
        one.message
        for one in lint(from_files(load(plan), tables.load("22")), rules()).findings
        if "mailb" in one.message
    ]
    assert "no mailbox example in [default] ([example] is a context: @example?): no password is right" in found


def test_a_file_that_is_included_counts(judged: Judged) -> None:
    files = {**BESIDE, "queues.conf": "#include more.conf\n", "more.conf": "[noqueue]\nstrategy=ringall\n"}
    assert "C114" not in judged(**files)


def test_a_part_and_a_dialplan_with_switches_do_not_say_where_calls_come_in(judged: Judged, tmp_path: Path) -> None:
    assert "C118" not in judged(PLAN + "switch => Realtime/all@extensions\n", **BESIDE)
    part = tmp_path / "extensions_custom.conf"
    part.write_text(PLAN, encoding="utf-8")
    found = lint(from_files(load(part), tables.load("22")), rules()).findings
    assert "C118" not in {one.code for one in found}


def test_chan_sip_and_iax_have_names_of_their_own(judged: Judged) -> None:
    plan = "[from-trunk]\nexten => s,1,Dial(SIP/trunk/5,20)\n same => n,Dial(SIP/operator,30)\n"
    sip = {"sip.conf": "[general]\ncontext=public\nregister => me:s3cret@trunk\n[operator]\nhost=dynamic\n"}
    assert judged(plan, version="18", **sip) == {"C117"}
    assert judged(plan, version="22", **sip) == set(), "there is no chan_sip: C111 has said so"


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("PJSIP/anna", "anna"),
        ("PJSIP/5@trunk", "trunk"),
        ("PJSIP/5@trunk@more", "trunk@more"),
        ("PJSIP/trunk/sip:5@192.0.2.1:5060", "trunk"),
        ("SIP/trunk/5", "trunk"),
        ("SIP/5@trunk", "trunk"),
        ("SIP/anna!alert", "anna"),
        ("SIP/5@sip.example.org", ""),
        ("IAX2/me:s3cret@trunk/5@in", "trunk"),
        ("IAX2/trunk:4569/5", ""),
    ],
)
def test_the_name_of_a_device(device: str, name: str) -> None:
    technology, _, rest = device.partition("/")
    assert name_of(technology, rest) == name


@pytest.mark.parametrize(
    ("autoload", "loaded", "excluded", "missing"),
    [
        (True, "", "", ""),
        (True, "", "app_queue", "modules.conf says noload"),
        (False, "app_queue", "", ""),
        (False, "app_queue", "app_queue", "modules.conf says noload"),
        (False, "app_queue_extra", "", ""),
        (False, "app_dial", "", "modules.conf has no autoload, and does not load it"),
    ],
)
def test_what_is_loaded(autoload: bool, loaded: str, excluded: str, missing: str) -> None:
    made = Modules(autoload, frozenset(loaded.split()), frozenset(excluded.split()))
    assert made.missing("app_queue") == missing


SECRETS = {
    "pjsip.conf": "[operator]\ntype=endpoint\ncontext=nowhere ; s3cretOne\n[a]\ntype=auth\npassword=s3cretTwo\n",
    "voicemail.conf": "[default]\n8500 => s3cretThree,Anna,anna@example.org\n",
    "iax.conf": "[general]\nregister => me:s3cretFour@trunk\n[peer]\nsecret=s3cretFive\ncontext=nowhere\n",
    "func_odbc.conf": "[NAME2]\ndsn=s3cretSix\nreadsql=SELECT 's3cretSeven'\n",
}


@pytest.mark.parametrize("form", ["text", "json", "sarif", "github", "gitlab", "junit", "html"])
def test_no_format_shows_what_is_secret_beside(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = PLAN + " same => n,Dial(IAX2/me:s3cretEight@nopeer/5,20)\n"
    for name, text in {**BESIDE, **SECRETS, "extensions.conf": plan}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert main(["lint", ".", "--format", form]) == 1
    out = capsys.readouterr().out
    assert "nopeer" in out
    assert "no mailbox 9999" in out
    assert "s3cret" not in out


def test_standard_input_has_neighbours_only_under_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in BESIDE.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for options, said in (([], False), (["--stdin-filename", "extensions.conf"], True)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(PLAN.encode())))
        main(["lint", "-", *options])
        assert ("C114" in capsys.readouterr().out) is said


def test_what_is_meant_so_is_said_in_the_file_beside(judged: Judged, tmp_path: Path) -> None:
    plan = "[from-trunk]\nexten => s,1,Dial(PJSIP/operator,30)\n"
    line = "[operator]\ntype=endpoint\ncontext=nowhere ; concierge: ignore C118 -- made at run time\n"
    assert judged(plan, **{"pjsip.conf": line.split(";")[0] + "\n"}) == {"C118"}
    assert judged(plan, **{"pjsip.conf": line}) == set()
