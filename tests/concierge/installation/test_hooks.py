"""Installing and removing on laid-out trees, without an Asterisk: every byte, every refusal."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from concierge.doctor.sounds import check_sounds
from concierge.errors import UserError
from concierge.installation import blocks
from concierge.installation.layout import Kind, Layout
from concierge.installation.record import record_in
from concierge.lab import freepbx
from dialplan.plan import UnreadableError

Concierge = Callable[..., CompletedProcess[str]]
STOCK = {
    "extensions.conf": "[general]\n[default]\nexten => s,1,Answer()",
    "features.conf": "[general]\n[applicationmap]\n;mine => 7,self,NoOp\n",
    "manager.conf": "[general]\nenabled = yes\nchannelvars = MINE,CONCIERGE_LEG\n[me]\nsecret = x1y2z3w4\n",
}
MANAGER = {"manager.conf": "[general]\nenabled = yes\n#include manager_extra.conf\n"}
TREES = {"asterisk": STOCK} | {one: freepbx.tree(one, MANAGER) for one in freepbx.VERSIONS}
FOREIGN = '[macro-dialout-trunk-predial-hook] ; mine\r\nexten => s,1,NoOp("zażółć")\r\n same => n,Return()'
INCLUDE = ["#include concierge.conf"]
REMARK = "; see [macro-dialout-trunk-predial-hook]\n"


@pytest.fixture
def hooks(concierge: Concierge, config: Callable[[str], Path], tmp_path: Path) -> Callable[..., CompletedProcess[str]]:
    path = config(f"store: {{path: {tmp_path}/list.db}}\nami: {{user: conny, secret_file: {tmp_path}/secret}}\n")

    def run(action: str, *words: object) -> CompletedProcess[str]:
        where = ["--etc", tmp_path / "etc", "--sounds", tmp_path / "sounds", "--rx", "/nonexistent/asterisk"]
        return concierge("hooks", action, *words, *where, "--config", path)

    return run


@pytest.fixture
def lay(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    def out(tree: dict[str, str]) -> Path:
        etc = tmp_path / "etc"
        etc.mkdir()
        for name, text in tree.items():
            (etc / name).write_bytes(text.encode())
            (etc / name).chmod(0o640)
        return etc

    return out


def snapshot(etc: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mode) for path in sorted(etc.iterdir())}


@pytest.mark.parametrize("kind", TREES)
def test_what_is_put_in_comes_out_byte_for_byte(hooks, lay, tmp_path, kind) -> None:
    etc = lay(TREES[kind])
    before = snapshot(etc)
    shown = hooks("install", "--dry-run")
    assert shown.returncode == 0 and "+#include concierge.conf" in shown.stdout
    assert snapshot(etc) == before and not (tmp_path / "secret").exists()
    assert hooks("install").returncode == 0
    secret = (tmp_path / "secret").read_text().strip()
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    changed = {name for name, what in snapshot(etc).items() if before.get(name) != what}
    generated = {"extensions.conf", "features.conf"} if kind != "asterisk" else set()
    assert changed & (generated | {"extensions_additional.conf"}) == set()
    after = snapshot(etc)
    assert "nothing to change" in hooks("install").stderr
    assert snapshot(etc) == after
    removed = hooks("remove")
    assert secret not in removed.stdout + removed.stderr and "(hidden)" in removed.stdout
    assert snapshot(etc) == before
    assert not list((tmp_path / "sounds").rglob("*.wav"))


def test_another_hook_is_kept_runs_first_and_gets_its_bytes_back(hooks, lay) -> None:
    etc = lay(freepbx.tree("17", MANAGER | {"extensions_custom.conf": f"{REMARK}#include office.conf\n"}))
    (etc / "office.conf").write_bytes(FOREIGN.encode())
    before = snapshot(etc)
    assert hooks("install", "--freepbx", 17).returncode == 0
    assert (
        (etc / "office.conf").read_bytes().startswith(b"[macro-concierge-kept-dialout-trunk-predial-hook] ; mine\r\n")
    )
    assert REMARK in (etc / "extensions_custom.conf").read_text()
    ours = (etc / "concierge.conf").read_text()
    assert "Gosub(macro-concierge-kept-dialout-trunk-predial-hook,s,1())" in ours
    assert "Gosub(macro-concierge-kept-dialout-dundi-predial-hook" not in ours
    assert "nothing to change" in hooks("install").stderr
    assert hooks("remove").returncode == 0
    assert snapshot(etc) == before


def test_what_the_administrator_wrote_meanwhile_stays(hooks, lay) -> None:
    etc = lay(STOCK)
    assert hooks("install").returncode == 0
    main = etc / "extensions.conf"
    main.write_text(main.read_text().replace("Answer()", "Wait(1)") + "[later]\n")
    assert hooks("remove").returncode == 0
    assert main.read_text() == "[general]\n[default]\nexten => s,1,Wait(1)\n[later]\n"


def test_variables_that_others_want_in_events_are_named_again(hooks, lay) -> None:
    etc = lay(STOCK)
    assert hooks("install").returncode == 0
    lines = (etc / "concierge_manager.conf").read_text().splitlines()
    assert [line for line in lines if line.startswith("channelvars=MINE,CONCIERGE_")]
    assert "[applicationmap](+)" in (etc / "concierge_features.conf").read_text()


def test_what_swallows_the_hooks_is_found_and_nothing_is_changed(hooks, lay) -> None:
    etc = lay(STOCK | {"extensions.conf": STOCK["extensions.conf"] + "\n;-- nobody closes this\n"})
    before = snapshot(etc)
    refused = hooks("install")
    assert refused.returncode == 2 and "would not reach [concierge-outbound]" in refused.stderr
    assert snapshot(etc) == before


def test_what_may_not_be_read_afterwards_takes_the_change_back(tmp_path: Path, monkeypatch) -> None:
    """Root may read everything, so that only a test in place of the reader can refuse."""
    from concierge.commands import hooks

    taken: list[object] = []

    def refuse(_: Path) -> None:
        raise UnreadableError("cannot read part.conf: Permission denied.")

    monkeypatch.setattr("dialplan.plan.load", refuse)
    monkeypatch.setattr("concierge.installation.writing.take_back", lambda changes, _: taken.append(changes))
    layout = Layout(Kind.ASTERISK, tmp_path)
    with pytest.raises(UserError, match=r"part\.conf: Permission denied\. Nothing was changed"):
        hooks._check_files(layout, ["a change"])
    assert taken == [["a change"]]


@pytest.mark.parametrize(
    ("tree", "words", "said"),
    [
        (STOCK, ["--freepbx"], "no FreePBX; use --asterisk"),
        (TREES["17"], ["--asterisk"], "is generated by freepbx"),
        (TREES["15"], ["--freepbx", 17], "calls its hooks by Macro"),
        (TREES["17"] | {"extensions.conf": "#include extensions_override_freepbx.conf\n"}, [], "which version it is"),
        (STOCK | {"concierge.conf": "[mine]\n"}, ["--asterisk", 22], ""),
    ],
)
def test_a_tree_that_is_not_what_was_said_is_refused(hooks, lay, tree, words, said) -> None:
    etc = lay(tree)
    before = snapshot(etc)
    if said:
        refused = hooks("install", *words)
        assert refused.returncode == 2 and said in refused.stderr
    else:
        refused = hooks("remove")
        assert refused.returncode == 2 and "was not made by" in refused.stderr
    assert snapshot(etc) == before


def test_what_was_said_once_need_not_be_said_again(hooks, lay, concierge, config, tmp_path) -> None:
    """A FreePBX whose extensions.conf has no empty hook: its version, and where the prompts went."""
    tree = freepbx.tree("16", MANAGER)
    bare = tree["extensions.conf"].replace("[macro-dialout-trunk-predial-hook]\nexten => s,1,MacroExit()\n", "")
    etc = lay(tree | {"extensions.conf": bare})
    before = snapshot(etc)
    assert "which version it is" in hooks("install").stderr
    assert hooks("install", "--freepbx", 16).returncode == 0
    assert "MacroExit()" in (etc / "concierge.conf").read_text()
    installed = snapshot(etc)
    again = hooks("install")
    assert "nothing to change" in again.stderr and "by Macro" in again.stderr and snapshot(etc) == installed
    path = config(f"store: {{path: {tmp_path}/list.db}}\nami: {{user: conny, secret_file: {tmp_path}/secret}}\n")
    gone = concierge("hooks", "remove", "--etc", etc, "--rx", "/nonexistent/asterisk", "--config", path)
    assert gone.returncode == 0, gone.stderr
    assert snapshot(etc) == before
    assert not list((tmp_path / "sounds").rglob("*.wav"))


@pytest.mark.parametrize("noted", ["", "; Installed with nonsense", '; Installed with {"freepbx": []}'])
def test_a_record_that_cannot_be_read_is_none(tmp_path, noted) -> None:
    (tmp_path / "concierge.conf").write_text(f"; Made by\n{noted}\n")
    assert record_in(tmp_path / "concierge.conf") is None


def test_doctor_names_the_prompts_that_are_missing_and_where(hooks, lay, tmp_path) -> None:
    tree = STOCK | {
        "asterisk.conf": f"[directories]\nastdatadir => {tmp_path}\n[options]\ndefaultlanguage = pl_PL\n",
        "pjsip.conf": "[berlin]\ntype=endpoint\nlanguage=de\n",
    }
    etc = lay(tree)
    assert [one.state for one in check_sounds(etc)] == ["unknown"]
    assert hooks("install").returncode == 0
    (tmp_path / "sounds" / "ru" / "concierge" / "goodbye.wav").unlink()
    (tmp_path / "sounds" / "en" / "concierge" / "refused.wav").rename(tmp_path / "sounds/en/concierge/refused.gsm")
    found = {one.name: one for one in check_sounds(etc)}
    assert {name: one.state for name, one in found.items()} == {
        "prompts": "ok",
        "prompts in pl": "ok",
        "prompts in ru": "warning",
        "prompts in pl_PL": "ok",
        "prompts in de": "warning",
    }
    assert "lacks goodbye; callers hear the English ones" in found["prompts in ru"].seen
    assert "none in" in found["prompts in de"].seen and "callers hear the English ones" in found["prompts in de"].seen
    (tmp_path / "sounds" / "en" / "concierge" / "goodbye.wav").unlink()
    found = {one.name: one for one in check_sounds(etc)}
    assert {found[name].seen.rpartition("; ")[2] for name in ("prompts", "prompts in ru", "prompts in de")} == {
        "they are not heard"
    }


def test_the_secret_that_is_made_up_is_told_of_by_its_file_alone(hooks, lay, tmp_path) -> None:
    lay(STOCK)
    said = [hooks("install", *words).stderr for words in (("--dry-run",), (), ())]
    assert f"{tmp_path}/secret would be made: the secret of the manager user" in said[0]
    assert f"{tmp_path}/secret is made" in said[1]
    assert f"{tmp_path}/secret" not in said[2]
    assert (tmp_path / "secret").read_text().strip() not in "".join(said)


def test_a_folder_that_is_not_there_is_named(hooks) -> None:
    assert "name Asterisk's configuration folder with --etc" in hooks("install").stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="owners are changed by root only")
def test_new_files_get_the_owner_of_the_configuration(hooks, lay) -> None:
    etc = lay(STOCK)
    os.chown(etc / "extensions.conf", 12345, 12345)
    assert hooks("install").returncode == 0
    assert {(etc / name).stat().st_uid for name in ("extensions.conf", "concierge.conf")} == {12345}
    assert (etc / "features.conf").stat().st_uid == 0


@pytest.mark.parametrize("text", ["", "a", "a\n", "a\r\n", "a\n\n", "[x]\n;--\n", "\n"])
def test_a_block_leaves_no_trace(text) -> None:
    once = blocks.with_block(text, INCLUDE)
    assert blocks.with_block(once, INCLUDE) == once
    assert blocks.without_block(once) == text and not blocks.is_ours_alone(once)


def test_enum_trunks_that_begin_otherwise_are_named(hooks, lay) -> None:
    tree = dict(TREES["17"])
    tree["extensions_additional.conf"] = tree["extensions_additional.conf"].replace("sub-pincheck", "sub-other")
    etc = lay(tree)
    done = hooks("install")
    assert done.returncode == 0 and "macro-dialout-enum does not begin as is known" in done.stderr
    assert "macro-dialout-enum" not in (etc / "concierge_override.conf").read_text()


def test_doctor_names_the_ways_that_the_hooks_cannot_change(hooks, lay) -> None:
    from concierge.doctor.freepbx import check_freepbx

    etc = lay(TREES["17"])
    assert [one.state for one in check_freepbx(etc)] == ["warning"], "not installed yet"
    assert hooks("install").returncode == 0
    assert [one.state for one in check_freepbx(etc)] == ["ok"]
    additional = etc / "extensions_additional.conf"
    text = additional.read_text()
    additional.write_text(text + "exten => s,n,Dial(x,60,U(sub-send-obroute-email^1))\n")
    assert "no key is heard" in next(iter(check_freepbx(etc))).seen
    additional.write_text(text.replace("sub-pincheck", "sub-other"))
    assert "macro-dialout-enum are not asked" in next(iter(check_freepbx(etc))).seen
    hookless = text.replace("exten => s,n,Gosub(macro-dialout-dundi-predial-hook,s,1())\n", "")
    assert hookless != text
    additional.write_text(hookless)
    assert "calls through macro-dialout-dundi are not asked" in next(iter(check_freepbx(etc))).seen
    assert "macro-dialout-dundi does not begin as is known, or calls no hook" in hooks("install").stderr
    assert list(check_freepbx(etc / "nowhere")) == []


@pytest.mark.parametrize(
    ("lines", "seen"),
    [
        ("exten => _75.,1,Dial(PJSIP/${EXTEN:2}@trunk,60)", ["outbound-allroutes-custom,_75."]),
        ("exten => _75.,1,Gosub(concierge-outbound,s,1(${EXTEN:2}))\n same => n,Dial(PJSIP/${EXTEN:2}@trunk)", []),
        ("exten => _75.,1,Dial(PJSIP/${EXTEN:2}@trunk,60,b(concierge-leg^s^1))", []),
        ("exten => 75,1,Dial(PJSIP/101)\nexten => _76.,1,Goto(from-internal,${EXTEN},1)", []),
        ("include => mine\n[mine]\nexten => _75.,1,Dial(PJSIP/${EXTEN:2}@trunk,60)", ["mine,_75."]),
    ],
)
def test_doctor_names_ones_own_routes_that_do_not_ask(hooks, lay, lines, seen) -> None:
    from concierge.doctor.freepbx import check_freepbx
    from concierge.installation.ways import own_ways

    etc = lay(freepbx.tree("16", MANAGER | {"extensions_custom.conf": f"[outbound-allroutes-custom]\n{lines}\n"}))
    assert hooks("install").returncode == 0
    assert own_ways(etc) == seen
    assert [one.seen for one in check_freepbx(etc) if "your own" in one.seen] == [
        f"your own {way} dials and does not ask" for way in seen
    ]
    assert own_ways(etc / "nowhere") == []


def test_doctor_finds_nothing_of_the_kind_on_plain_asterisk(lay) -> None:
    from concierge.doctor.freepbx import check_freepbx

    assert list(check_freepbx(lay(STOCK))) == []


MINE = "[default]\nexten => 1,1,NoOp\n"
BLOCK = blocks.with_block(MINE, INCLUDE)
MORE = "[more]\nexten => 2,1,NoOp\n"


@pytest.mark.parametrize(
    ("edited", "left"),
    [
        (BLOCK.replace("\n", "\r\n"), MINE.replace("\n", "\r\n")),
        (BLOCK.removesuffix("\n"), MINE),
        (BLOCK.replace("; <<< concierge\n", "") + MORE, MINE + MORE),
        (BLOCK.replace("; >>>", ";"), MINE + BLOCK.removeprefix(MINE).splitlines(True)[0].replace("; >>>", ";")),
        (BLOCK.replace("; <<<", MORE + "; <<<"), MINE + MORE),
        (BLOCK.replace("; ", "  ; "), MINE),
        (BLOCK + BLOCK, MINE + MINE),
        (blocks.with_block("exten => x", INCLUDE) + "exten => y\n", "exten => x\nexten => y\n"),
        (blocks.with_block("exten => x", INCLUDE).replace("\n", "\r\n"), "exten => x"),
    ],
    ids=["crlf", "last line", "end lost", "start lost", "lines in it", "indented", "twice", "written behind", "crlf +"],
)
def test_of_a_block_that_somebody_has_edited_our_lines_go_and_no_others(edited: str, left: str) -> None:
    """An include that is left behind would keep Asterisk from reading any of its dialplan."""
    assert blocks.without_block(edited) == left
    again = blocks.with_block(edited, INCLUDE)
    assert again.count("#include") == 1 and blocks.without_block(blocks.with_block(again, INCLUDE)) == left


def test_contexts_of_longer_names_are_no_hooks() -> None:
    text = "[macro-dialout-trunk-predial-hook-mine]\n[my-macro-dialout-trunk-predial-hook]\n"
    assert blocks.set_aside(text) == text
